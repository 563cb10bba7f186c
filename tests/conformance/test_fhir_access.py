"""Reading FHIR: the token goes with each request, and to the EHR alone."""

from __future__ import annotations

import pytest

from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.fhir import outcome
from tests.conformance.simulator.other_host import OtherHost
from tests.conformance.simulator.people import drug, order, order_of
from tests.conformance.simulator.recording import Recording
from tests.conformance.simulator.server import Answer, of_fhir
from tests.conformance.site import Site


@pytest.mark.requirement("93")
def test_every_fhir_request_carries_the_token_as_bearer_and_nowhere_else(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    launched = site.launched(ehr)
    assert "Apixaban" in launched.timeline()
    token = ehr.tokens.issued[0]
    open_to_all = ("/fhir/.well-known/smart-configuration", "/fhir/metadata")
    reads = [sent for sent in recording.to("/fhir/") if sent.path not in open_to_all]
    assert reads
    for sent in reads:
        assert sent.headers["authorization"] == f"Bearer {token}"
        assert token not in sent.path + sent.query + sent.body.decode()


@pytest.mark.threat("T19")
@pytest.mark.requirement("97", "98")
@pytest.mark.parametrize("link", ["{other}/fhir/MedicationRequest?page=2", "//{host}/fhir/x"])
def test_a_next_link_to_another_host_is_not_followed(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost, link: str
) -> None:
    host = elsewhere.url.removeprefix("http://")
    ehr.behaviour.next_link = link.format(other=elsewhere.url, host=host)
    shown = site.launched(ehr).timeline()
    assert "Apixaban" in shown
    assert "outside the EHR" in shown
    assert recording.at("elsewhere") == []


@pytest.mark.threat("T19")
@pytest.mark.requirement("97", "98")
@pytest.mark.parametrize("reference", ["{other}/fhir/Medication/x", "{base}.evil/Medication/x"])
def test_a_reference_to_another_server_is_ignored_and_said_to_be(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost, reference: str
) -> None:
    pointed = reference.format(other=elsewhere.url, base=ehr.base)
    ehr.fhir.put(order_of("m2", pointed, "Warfarin 5 mg"))
    shown = site.launched(ehr).timeline()
    assert "Warfarin" in shown
    assert "outside the EHR" in shown
    assert recording.at("elsewhere") == []
    assert recording.to("/fhir/Medication/x") == []


@pytest.mark.requirement("98")
@pytest.mark.parametrize("reference", ["Medication/d1", "{base}/Medication/d1"])
def test_a_reference_inside_the_ehr_is_followed_with_the_token(
    site: Site, ehr: SimulatedEhr, recording: Recording, reference: str
) -> None:
    ehr.fhir.put(drug("d1", "Digoxin 125 mcg"), order_of("m2", reference.format(base=ehr.base)))
    assert "Digoxin" in site.launched(ehr).timeline()
    assert recording.one("/fhir/Medication/d1").bearer == ehr.tokens.issued[0]


@pytest.mark.requirement("93")
def test_all_pages_are_read(site: Site, ehr: SimulatedEhr, recording: Recording) -> None:
    ehr.behaviour.page_size = 3
    ehr.fhir.put(*(order(f"n{i}", f"Drug{i}") for i in range(8)))
    shown = site.launched(ehr).timeline()
    assert all(f"Drug{i}" in shown for i in range(8))
    assert len(recording.to("/fhir/MedicationRequest")) == 3


@pytest.mark.threat("T39")
def test_a_200_with_an_operation_outcome_is_no_empty_list(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.always["/fhir/MedicationRequest"] = of_fhir(outcome("processing"))
    shown = site.launched(ehr).timeline()
    assert "No medications on record" not in shown
    assert "could not be read" in shown or "does not answer" in shown


def test_an_outcome_among_the_entries_is_shown_beside_them(site: Site, ehr: SimulatedEhr) -> None:
    entries = [{"resource": order("m9", "Sotalol")}, {"resource": outcome("suppressed", "warning")}]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    ehr.behaviour.always["/fhir/MedicationRequest"] = of_fhir(bundle)
    shown = site.launched(ehr).timeline()
    assert "Sotalol" in shown
    assert "simulated: suppressed" in shown


@pytest.mark.requirement("147")
def test_a_403_in_spite_of_the_scope_is_said_and_the_rest_is_shown(
    site: Site, ehr: SimulatedEhr
) -> None:
    ehr.behaviour.forbidden = frozenset({"MedicationStatement"})
    shown = site.launched(ehr).timeline()
    assert "Apixaban" in shown
    assert "not permit" in shown


def test_one_bad_entry_loses_nothing_else(site: Site, ehr: SimulatedEhr) -> None:
    entries: list[object] = [{"resource": order("m9", "Sotalol")}, {}, 7, {"resource": {"a": 1}}]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    ehr.behaviour.always["/fhir/MedicationRequest"] = of_fhir(bundle)
    assert "Sotalol" in site.launched(ehr).timeline()


@pytest.mark.threat("T20")
def test_entries_about_another_person_are_left_out(site: Site, ehr: SimulatedEhr) -> None:
    entries = [{"resource": order("m9", "Sotalol")}, {"resource": order("m8", "Ibutilide", "bob")}]
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    ehr.behaviour.always["/fhir/MedicationRequest"] = of_fhir(bundle)
    shown = site.launched(ehr).timeline()
    assert "Sotalol" in shown
    assert "Ibutilide" not in shown


@pytest.mark.threat("T19")
def test_a_redirect_of_the_fhir_server_is_not_followed(
    site: Site, ehr: SimulatedEhr, recording: Recording, elsewhere: OtherHost
) -> None:
    away = Answer(302, headers={"Location": f"{elsewhere.url}/fhir/MedicationRequest"})
    ehr.behaviour.always["/fhir/MedicationRequest"] = away
    assert "Apixaban" not in site.launched(ehr).timeline()
    assert recording.at("elsewhere") == []


@pytest.mark.threat("T40")
def test_a_busy_server_is_asked_again_when_it_says(
    site: Site, ehr: SimulatedEhr, recording: Recording
) -> None:
    busy = Answer(429, b"slow down", {"Retry-After": "1", "Content-Type": "text/plain"})
    ehr.behaviour.first["/fhir/MedicationRequest"] = [busy]
    assert "Apixaban" in site.launched(ehr).timeline()
    assert len(recording.to("/fhir/MedicationRequest")) == 2


def test_an_oversized_answer_is_cut_off(site: Site, ehr: SimulatedEhr) -> None:
    ehr.behaviour.always["/fhir/MedicationRequest"] = Answer(200, b" " * 40_000_000)
    shown = site.launched(ehr).timeline()
    assert "Apixaban" not in shown
    assert "Medications" in shown
