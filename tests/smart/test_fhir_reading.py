from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from smart.ehr import Ehr
from smart.errors import (
    AuthorizationLost,
    EhrMisconfigured,
    EhrUnavailable,
    NotFound,
    NotPermitted,
)
from smart.fhir import FhirReader
from smart.record import MedicationOrders, PatientRecord
from smart.references import inside
from tests.smart.conftest import Grant
from tests.support.stub_ehr import SCOPES, StubEhr, order

ORDERS = "/fhir/MedicationRequest"
OSLO = ZoneInfo("Europe/Oslo")


def bundle(*resources: Any, following: str = "") -> dict[str, Any]:
    link = [{"relation": "next", "url": following}] if following else []
    return {"resourceType": "Bundle", "link": link, "entry": [{"resource": r} for r in resources]}


def medications(reader: FhirReader) -> MedicationOrders:
    return PatientRecord(reader, "marit", OSLO).medications(SCOPES.split())


def ids(read: MedicationOrders) -> list[str]:
    return [entry.id.removeprefix("MedicationRequest/") for entry in read.orders]


def said(read: MedicationOrders) -> str:
    return " ".join(str(gap) for gap in read.gaps)


def test_the_search_names_the_patient_and_a_page_size(reader: FhirReader, stub: StubEhr) -> None:
    medications(reader)
    assert stub.to(ORDERS)[0].query == {"patient": ["marit"], "_count": ["100"]}


@pytest.mark.parametrize("link", ["{base}/MedicationRequest?page=2", "MedicationRequest?page=2"])
def test_pages_are_followed(reader: FhirReader, stub: StubEhr, link: str) -> None:
    stub.pages = {
        ORDERS: bundle(order("a"), following=link.replace("{base}", stub.base)),
        f"{ORDERS}?page=2": bundle(order("b")),
    }
    read = medications(reader)
    assert (ids(read), read.gaps) == (["a", "b"], ())


@pytest.mark.threat("T19")
@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/fhir/MedicationRequest",
        "http://evil.example/fhir/x",
        "//evil.example/fhir/x",
        "{root}/other/MedicationRequest",
        "{root}/fhir/../admin",
        "{root}/fhir/%2e%2e/admin",
        "{root}/fhirsecrets",
        "http://localhost:{port}@evil.example/fhir",
        "file:///etc/passwd",
    ],
)
def test_a_link_out_of_the_ehr_sends_nothing(reader: FhirReader, stub: StubEhr, link: str) -> None:
    port = stub.url.rpartition(":")[2]
    link = link.replace("{root}", stub.url).replace("{port}", port)
    stub.pages = {ORDERS: bundle(order("a"), following=link)}
    read = medications(reader)
    assert ids(read) == ["a"]
    assert "outside the EHR" in said(read)
    assert {sent.path for sent in stub.sent} <= {ORDERS, "/fhir/MedicationStatement"}


def test_a_list_without_end_is_left(reader: FhirReader, stub: StubEhr) -> None:
    link = f"{stub.base}/MedicationRequest?again=1"
    page = bundle(order("a"), following=link)
    stub.pages = {ORDERS: page, f"{ORDERS}?again=1": page}
    assert "does not come to an end" in said(medications(reader))
    assert len(stub.to(ORDERS)) == 2


def test_a_page_that_fails_is_said_and_the_rest_is_kept(reader: FhirReader, stub: StubEhr) -> None:
    page = bundle(order("a"), following=f"{stub.base}/MedicationRequest/_more")
    stub.pages, stub.statuses = {ORDERS: page}, {f"{ORDERS}/_more": 500}
    read = medications(reader)
    assert ids(read) == ["a"]
    assert "Only the first 1 pages" in said(read)


@pytest.mark.threat("T20")
@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/jonas"},
        {"reference": "https://other.example/fhir/Patient/marit"},
        {"reference": "#marit"},
        {"reference": "Patient/marit/../jonas"},
        {"reference": "Group/marit"},
        {"display": "Marit"},
        {},
        None,
        "Patient/marit",
    ],
)
def test_what_is_about_somebody_else_is_dropped_and_said(
    reader: FhirReader, stub: StubEhr, subject: Any
) -> None:
    stub.resources["MedicationRequest"] = [order("a"), order("b") | {"subject": subject}]
    read = medications(reader)
    assert ids(read) == ["a"]
    assert "about another person were left out (1)" in said(read)


@pytest.mark.parametrize("reference", ["{base}/Patient/marit", "Patient/marit/_history/3"])
def test_other_ways_to_point_at_the_patient_count(
    reader: FhirReader, stub: StubEhr, reference: str
) -> None:
    subject = {"reference": reference.replace("{base}", stub.base)}
    stub.resources["MedicationRequest"] = [
        order("a", subject=""),
        order("b") | {"subject": subject},
    ]
    assert ids(medications(reader)) == ["b"]


@pytest.mark.parametrize(
    "bad", [None, 7, "x", {}, {"resourceType": "Patient", "id": "jonas"}, [order()]]
)
def test_one_bad_entry_never_loses_a_page(reader: FhirReader, stub: StubEhr, bad: Any) -> None:
    stub.pages = {ORDERS: bundle(order("a"), bad, order("b"))}
    read = medications(reader)
    assert ids(read) == ["a", "b"]
    assert "could not be understood: 1" in said(read)


def test_an_order_without_status_is_said(reader: FhirReader, stub: StubEhr) -> None:
    stub.resources["MedicationRequest"] = [order("a"), order("b", status=None)]
    read = medications(reader)
    assert ids(read) == ["a"]
    assert "without id or status were left out (1)" in said(read)


def test_what_the_ehr_remarks_is_passed_on(reader: FhirReader, stub: StubEhr) -> None:
    issue = {"severity": "warning", "code": "suppressed", "diagnostics": "Some entries withheld"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    stub.pages = {ORDERS: bundle(order("a"), outcome)}
    assert "Some entries withheld" in said(medications(reader))


def test_a_forbidden_part_is_a_gap_and_the_rest_is_shown(reader: FhirReader, stub: StubEhr) -> None:
    stub.resources["MedicationRequest"] = [order("a")]
    stub.statuses["/fhir/MedicationStatement"] = 403
    read = medications(reader)
    assert ids(read) == ["a"]
    assert said(read) == "Patient-reported medications: The EHR does not permit reading it."


def test_a_part_nobody_asked_for_is_not_a_gap(reader: FhirReader, stub: StubEhr) -> None:
    record = PatientRecord(reader, "marit", OSLO)
    assert record.medications(["patient/MedicationRequest.rs"]).gaps == ()
    assert stub.to("/fhir/MedicationStatement") == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, NotPermitted),
        (404, NotFound),
        (410, NotFound),
        (429, EhrUnavailable),
        (500, EhrUnavailable),
        (302, EhrMisconfigured),
        (204, EhrMisconfigured),
    ],
)
def test_errors_say_what_can_be_done(
    reader: FhirReader, stub: StubEhr, status: int, kind: type[Exception]
) -> None:
    stub.statuses["/fhir/Patient/marit"] = status
    with pytest.raises(kind):
        reader.read("Patient", "marit")


@pytest.mark.threat("T41")
def test_a_refused_token_is_renewed_once(reader: FhirReader, stub: StubEhr, bearer: Grant) -> None:
    stub.valid.clear()
    assert reader.read("Patient", "marit")["id"] == "marit"
    assert bearer.renewals == 1


@pytest.mark.threat("T41")
def test_a_token_refused_again_means_launching_again(
    reader: FhirReader, stub: StubEhr, bearer: Grant
) -> None:
    stub.statuses["/fhir/Patient/marit"] = 401
    with pytest.raises(AuthorizationLost):
        reader.read("Patient", "marit")
    assert len(stub.to("/fhir/Patient/marit")) == 2


@pytest.mark.threat("T20")
@pytest.mark.parametrize("identifier", ["../Practitioner/1", "a?b", "a&patient=b", "", "é"])
def test_an_id_that_is_none_is_not_asked_for(
    reader: FhirReader, stub: StubEhr, identifier: str
) -> None:
    with pytest.raises(NotFound):
        reader.read("Patient", identifier)
    assert stub.sent == []


@pytest.mark.threat("T20")
def test_another_patient_than_asked_for_is_refused(reader: FhirReader, stub: StubEhr) -> None:
    stub.patients["marit"]["id"] = "jonas"
    with pytest.raises(EhrMisconfigured):
        reader.read("Patient", "marit")


@pytest.mark.threat("T39")
def test_an_error_with_status_200_is_no_empty_list(reader: FhirReader, stub: StubEhr) -> None:
    stub.pages = {ORDERS: {"resourceType": "OperationOutcome"}}
    with pytest.raises(EhrUnavailable):
        medications(reader)


def test_an_ehr_that_is_gone_is_unavailable(ehr: Ehr, bearer: Grant) -> None:
    gone = FhirReader("http://127.0.0.1:9/fhir", type(ehr.egress)(["http://127.0.0.1:9"]), bearer)
    with pytest.raises(EhrUnavailable):
        gone.read("Patient", "marit")


@pytest.mark.threat("T19")
def test_a_base_is_not_left_by_tricks() -> None:
    assert inside("https://e.example/fhir", "https://e.example:443/fhir/Patient?x=1")
    assert not inside("https://e.example/fhir", "http://e.example/fhir/Patient")
    assert not inside("https://e.example/fhir", "https://e.example/fhir/a\\..\\b")
