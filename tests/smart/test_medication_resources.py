from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinical.medications import Code, Order, Source
from smart.dates import instant, local_day
from smart.dosage import dose_of
from smart.drugs import drug_of_concept
from smart.fhir import FhirReader
from smart.medications import order_of_request, order_of_statement
from smart.record import PatientRecord
from smart.scopes import permits
from tests.support.stub_ehr import SCOPES, StubEhr, order

OSLO = ZoneInfo("Europe/Oslo")
ATC = {"system": "http://www.whocc.no/atc", "code": "B01AF02", "display": "apixaban"}


def request(**changes: Any) -> Order:
    resource = order(**changes)
    return order_of_request(
        resource, drug_of_concept(resource.get("medicationCodeableConcept")), OSLO
    )


def dose(**changes: Any) -> dict[str, Any]:
    quantity = {"value": 5, "unit": "mg"}
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    return {"doseAndRate": [{"doseQuantity": quantity}], "timing": timing} | changes


def names(reader: FhirReader) -> list[str]:
    read = PatientRecord(reader, "marit", OSLO).medications(SCOPES.split())
    return [entry.name for entry in read.orders]


def by_reference(reference: str, **more: Any) -> dict[str, Any]:
    resource = order(medicationReference={"reference": reference} | more)
    del resource["medicationCodeableConcept"]
    return resource


def test_an_order_is_read_in_full() -> None:
    read = request(
        medicationCodeableConcept={"text": "Apixaban 5 mg", "coding": [ATC]},
        authoredOn="2026-01-05T23:30:00Z",
        dosageInstruction=[
            dose(text="5 mg twice daily")
            | {
                "timing": {
                    "repeat": {
                        "frequency": 2,
                        "period": 1,
                        "periodUnit": "d",
                        "boundsPeriod": {"start": "2026-01-05T23:30:00Z", "end": "2026-02-01"},
                    }
                }
            }
        ],
        priorPrescription={"reference": "MedicationRequest/m0"},
        statusReason={"text": "Dose changed"},
    )
    assert read == Order(
        id="MedicationRequest/m1",
        name="Apixaban 5 mg",
        status="active",
        intent="order",
        codes=(Code(ATC["system"], "B01AF02", "apixaban"),),
        authored=datetime(2026, 1, 5, 23, 30, tzinfo=UTC),
        start=date(2026, 1, 6),
        end=date(2026, 2, 1),
        dosage="5 mg twice daily",
        amount=5.0,
        unit="mg",
        per_day=2.0,
        reason_stopped="Dose changed",
        replaces="MedicationRequest/m0",
    )


def test_an_order_that_says_nothing_more_is_an_order_all_the_same() -> None:
    read = request(medicationCodeableConcept=None)
    assert (read.name, read.start, read.amount) == ("Drug without a readable name", None, None)


def test_a_reported_request_is_the_patients_word() -> None:
    assert request(reportedBoolean=True).source is Source.REPORTED


def test_a_statement_is_what_the_patient_says() -> None:
    resource = {
        "resourceType": "MedicationStatement",
        "id": "s1",
        "status": "active",
        "effectivePeriod": {"start": "2026-01-05"},
        "dosage": [dose()],
    }
    read = order_of_statement(resource, drug_of_concept({"text": "Sertraline"}), OSLO)
    assert (read.source, read.start, read.per_day) == (Source.REPORTED, date(2026, 1, 5), 2.0)


@pytest.mark.parametrize(
    ("timing", "per_day"),
    [
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}, 1.0),
        ({"repeat": {"period": 2, "periodUnit": "d"}}, 0.5),
        ({"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, 3.0),
        ({"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}, 1 / 7),
        ({"code": {"coding": [{"code": "TID"}]}}, 3.0),
        ({"code": {"coding": [{"code": "UNHEARD"}]}}, None),
        ({"repeat": {"frequency": 1, "period": 0, "periodUnit": "d"}}, None),
        ({"repeat": {"frequency": "often", "period": 1, "periodUnit": "d"}}, None),
        ({}, None),
    ],
)
def test_how_often_a_day(timing: dict[str, Any], per_day: float | None) -> None:
    found = dose_of([dose(timing=timing)]).per_day
    assert found == (per_day if per_day is None else pytest.approx(per_day))


def test_several_instructions_at_once_are_added_up() -> None:
    night = dose(doseAndRate=[{"doseQuantity": {"value": 10, "unit": "mg"}}], text="10 at night")
    total = dose_of([dose(text="5 twice"), night])
    assert (total.amount, total.per_day, total.words) == (30.0, 1.0, "5 twice; 10 at night")


def test_instructions_one_after_the_other_are_not_added() -> None:
    taper = dose_of([dose(sequence=1), dose(sequence=2)])
    assert (taper.amount, taper.per_day) == (None, None)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-01-05", date(2026, 1, 5)),
        ("2026-01-05T23:30:00Z", date(2026, 1, 6)),
        ("2026-01-05T23:30:00+01:00", date(2026, 1, 5)),
        ("2026-01", None),
        ("2026", None),
        ("2026-01-05T10:00:00", None),
        ("2026-02-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        (20260105, None),
        (None, None),
    ],
)
def test_days_are_the_patients_own(value: object, day: date | None) -> None:
    assert local_day(value, OSLO) == day


def test_a_whole_day_begins_at_local_midnight() -> None:
    assert instant("2026-07-01", OSLO) == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_a_drug_by_reference_is_read_once(reader: FhirReader, stub: StubEhr) -> None:
    drug = {"resourceType": "Medication", "id": "d1", "code": {"text": "Digoxin"}}
    stub.resources["Medication"] = [drug]
    stub.resources["MedicationRequest"] = [
        by_reference("Medication/d1"),
        by_reference("Medication/d1") | {"id": "m2"},
    ]
    assert names(reader) == ["Digoxin", "Digoxin"]
    assert len(stub.to("/fhir/Medication/d1")) == 1


def test_a_contained_drug_is_named_by_its_ingredients(reader: FhirReader, stub: StubEhr) -> None:
    parts = [{"itemCodeableConcept": {"text": text}} for text in ("Losartan", "Thiazide")]
    inner = {"resourceType": "Medication", "id": "d", "ingredient": parts}
    stub.resources["MedicationRequest"] = [by_reference("#d") | {"contained": [inner]}]
    assert names(reader) == ["Losartan / Thiazide"]


def test_a_drug_that_cannot_be_read_keeps_its_shown_name(reader: FhirReader, stub: StubEhr) -> None:
    stub.statuses["/fhir/Medication/d1"] = 403
    stub.resources["MedicationRequest"] = [by_reference("Medication/d1", display="Digoxin 250")]
    read = PatientRecord(reader, "marit", OSLO).medications(SCOPES.split())
    assert [entry.name for entry in read.orders] == ["Digoxin 250"]
    assert "Drug details were not read" in str(read.gaps[0])


@pytest.mark.threat("T19")
@pytest.mark.parametrize(
    "reference", ["http://evil.example/Medication/1", "Medication/../x", "#no"]
)
def test_a_drug_elsewhere_is_not_fetched(reader: FhirReader, stub: StubEhr, reference: str) -> None:
    stub.resources["MedicationRequest"] = [by_reference(reference)]
    assert names(reader) == ["Drug without a readable name"]
    assert len(stub.sent) == 2


@pytest.mark.parametrize(
    ("scope", "permitted"),
    [
        ("patient/MedicationRequest.rs", True),
        ("patient/*.rs", True),
        ("patient/MedicationRequest.read", True),
        ("user/MedicationRequest.*", True),
        ("patient/MedicationRequest.rs?status=active", True),
        ("patient/MedicationRequest.r", False),
        ("patient/MedicationRequest.sr", False),
        ("patient/Medication.rs", False),
        ("patient/MedicationRequest.write", False),
        ("launch", False),
    ],
)
def test_what_a_scope_allows(scope: str, permitted: bool) -> None:
    assert permits(["openid", scope], "MedicationRequest", "s") is permitted
