from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinical.chart import Allergy, Problem, Visit
from clinical.medications import Administration, Code, Dispense
from smart.background import allergy_of, problem_of, visit_of
from smart.drugs import Drug, drug_of_concept, drug_of_medication
from smart.errors import NotPermitted
from smart.given import administration_of, dispense_of
from smart.lenient import Unusable
from smart.medications import order_of_request, order_of_statement
from smart.pages import Found, bundle, next_link, take
from smart.references import about
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import OSLO, ScriptedFhir
from tests.support.scripted_fhir import bundle as page_of
from tests.support.stub_ehr import order

ALL = ["patient/*.rs"]
AF = {"system": "http://snomed.info/sct", "code": "49436004", "display": "Atrial fibrillation"}
MARIT = {"reference": "Patient/marit"}
APIXABAN = {"text": "Apixaban 5 mg"}


def dispense(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationDispense",
        "id": "d1",
        "status": "completed",
        "subject": MARIT,
        "medicationCodeableConcept": APIXABAN,
        "whenHandedOver": "2026-02-01T10:00:00Z",
        "daysSupply": {"value": 30, "code": "d"},
        "authorizingPrescription": [{"reference": "MedicationRequest/m1"}],
    } | changes


def administration(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "id": "g1",
        "status": "completed",
        "subject": MARIT,
        "medicationCodeableConcept": APIXABAN,
        "effectiveDateTime": "2026-02-03T23:30:00Z",
        "request": {"reference": "MedicationRequest/m1"},
    } | changes


def condition(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "category": [{"coding": [{"code": "problem-list-item"}]}],
        "code": {"coding": [AF]},
        "subject": MARIT,
        "onsetDateTime": "2021-05-04",
    } | changes


def allergy(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "code": {"text": "Penicillin"},
        "patient": MARIT,
        "criticality": "high",
        "reaction": [{"manifestation": [{"text": "Rash"}, {"coding": [{"display": "Hives"}]}]}],
    } | changes


def encounter(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [{"text": "Cardiology visit"}],
        "subject": MARIT,
        "period": {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T09:30:00Z"},
    } | changes


@pytest.fixture
def fhir() -> Iterator[ScriptedFhir]:
    running = ScriptedFhir()
    running.serve("MedicationRequest", page_of(order("m1")))
    for kind in ("MedicationStatement", "MedicationDispense", "MedicationAdministration"):
        running.serve(kind, page_of())
    yield running
    running.close()


def test_a_dispense_says_what_was_handed_out_and_for_how_long() -> None:
    read = dispense_of(dispense(), drug_of_concept(APIXABAN), OSLO)
    handed_over = date(2026, 2, 1)
    assert read == Dispense(
        "MedicationDispense/d1",
        "Apixaban 5 mg",
        "completed",
        handed_over,
        30.0,
        orders=("MedicationRequest/m1",),
    )
    assert read.lasts_to == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("supply", "days"),
    [
        ({"value": 4, "code": "wk"}, 28.0),
        ({"value": 14}, 14.0),
        ({"value": 2, "code": "tablet"}, None),
        ({"value": -3}, None),
        ({"value": 10**400}, None),
        ({}, None),
        ("30", None),
    ],
)
def test_a_supply_in_days(supply: Any, days: float | None) -> None:
    assert dispense_of(dispense(daysSupply=supply), Drug(""), OSLO).days == days


def test_an_administration_says_when_a_dose_was_given() -> None:
    assert administration_of(administration(), drug_of_concept(APIXABAN), OSLO) == Administration(
        "MedicationAdministration/g1",
        "Apixaban 5 mg",
        "completed",
        date(2026, 2, 4),
        orders=("MedicationRequest/m1",),
    )


def test_a_problem_an_allergy_and_a_visit_are_read() -> None:
    code = Code(AF["system"], AF["code"], AF["display"])
    assert problem_of(condition(), OSLO) == Problem(
        "Condition/c1",
        "Atrial fibrillation",
        (code,),
        "active",
        "confirmed",
        ("problem-list-item",),
        date(2021, 5, 4),
    )
    assert allergy_of(allergy(), OSLO) == Allergy(
        "AllergyIntolerance/a1", "Penicillin", criticality="high", reactions=("Rash", "Hives")
    )
    start, end = (datetime(2026, 1, 5, 9, minute, tzinfo=UTC) for minute in (0, 30))
    assert visit_of(encounter(), OSLO) == Visit(
        "Encounter/e1", "Cardiology visit", "finished", "AMB", start, end
    )


def test_all_medication_parts_are_read(fhir: ScriptedFhir) -> None:
    fhir.serve("MedicationDispense", page_of(dispense()))
    fhir.serve("MedicationAdministration", page_of(administration()))
    read = fhir.record().medications(ALL)
    assert (len(read.orders), len(read.dispenses), len(read.administrations)) == (1, 1, 1)
    assert read.gaps == ()


def test_the_background_of_a_patient_is_read(fhir: ScriptedFhir) -> None:
    for kind, resource in (
        ("Condition", condition()),
        ("AllergyIntolerance", allergy()),
        ("Encounter", encounter()),
    ):
        fhir.serve(kind, page_of(resource))
    read = fhir.record().background(ALL)
    assert (len(read.problems), len(read.allergies), len(read.visits)) == (1, 1, 1)
    assert (read.gaps, read.has([(AF["system"], AF["code"])])) == ((), True)


@pytest.mark.parametrize(
    ("failing", "title"),
    [
        ("MedicationStatement", "Patient-reported medications"),
        ("MedicationDispense", "Dispensed medications"),
        ("MedicationAdministration", "Administered medications"),
    ],
)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(403), "The EHR does not permit reading it."),
        (Answer(500), "The EHR does not answer at the moment."),
        (Answer(200, b"[]"), "The EHR gave an answer that cannot be used."),
    ],
)
def test_each_part_fails_alone(
    fhir: ScriptedFhir, failing: str, title: str, answer: Answer, reason: str
) -> None:
    fhir.serve(failing, answer)
    read = fhir.record().medications(ALL)
    assert len(read.orders) == 1
    assert [str(gap) for gap in read.gaps] == [f"{title}: {reason}"]


def test_what_was_not_granted_is_stated_and_not_asked_for(fhir: ScriptedFhir) -> None:
    wanted = ["patient/MedicationRequest.rs", "patient/MedicationDispense.rs"]
    read = fhir.record().medications(wanted, granted=wanted[:1])
    assert [str(gap) for gap in read.gaps] == [
        "Dispensed medications: The EHR does not permit reading it."
    ]
    assert [target.partition("?")[0] for target in fhir.asked] == ["MedicationRequest"]


def test_without_the_orders_nothing_is_shown(fhir: ScriptedFhir) -> None:
    with pytest.raises(NotPermitted):
        fhir.record().medications(ALL, granted=["patient/MedicationDispense.rs"])
    assert [t for t in fhir.asked if t.startswith("MedicationRequest")] == []


BAD = [
    '{"resourceType": "MedicationRequest", "id": "x", "id": "y", "status": "active"}',
    '{"resourceType": "MedicationRequest", "a": {"b": [{"c": 1, "c": 2}]}}',
    '{"resourceType": "MedicationRequest", "dose": NaN}',
    '{"resourceType": "MedicationRequest", "dose": 1e999}',
    '{"resourceType": "MedicationRequest", "dose": ' + "9" * 1000 + "}",
]


@pytest.mark.parametrize("bad", BAD)
def test_an_ambiguous_entry_is_quarantined_and_its_page_is_kept(
    fhir: ScriptedFhir, bad: str
) -> None:
    page = json.dumps(page_of(order("a"), "HERE", order("b"))).replace('"HERE"', bad)
    fhir.serve("MedicationRequest", Answer(200, page.encode()))
    found = fhir.reader.search("MedicationRequest", {"patient": "marit"})
    assert [resource["id"] for resource in found.resources] == ["a", "b"]
    assert [(each.page, each.entry) for each in found.quarantined] == [(1, 1)]
    assert found.problems == ["Entries that could not be understood: 1."]


def test_an_ambiguous_page_is_not_read() -> None:
    raw = b'{"resourceType": "Bundle", "link": [], "link": [], "entry": []}'
    with pytest.raises(Exception, match="stands twice"):
        bundle(raw, 1000)


def test_an_endless_list_of_given_doses_is_cut_and_stated(fhir: ScriptedFhir) -> None:
    for n in range(9):
        following = f"{fhir.base}/MedicationAdministration?c={n + 1}x"
        page = page_of(administration(id=f"g{n}"), following=following)
        fhir.serve(f"MedicationAdministration?c={n}x" if n else "MedicationAdministration", page)
    read = fhir.record().medications(ALL)
    assert len(read.administrations) == 5
    assert "Only the first 5 pages were read; there are more." in str(read.gaps[-1])


anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = sorted(
    {
        name
        for resource in (
            order(),
            dispense(),
            administration(),
            condition(),
            allergy(),
            encounter(),
            {"dosageInstruction": 0, "dosage": 0, "effectivePeriod": 0, "statusReason": 0},
            {"contained": 0, "medicationReference": 0, "priorPrescription": 0, "ingredient": 0},
        )
        for name in resource
    }
)
resources = st.dictionaries(st.sampled_from(NAMES), anything, max_size=8)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(resources)
def test_no_shape_of_an_entry_breaks_the_reading(resource: dict[str, Any]) -> None:
    drug = drug_of_concept(resource.get("medicationCodeableConcept"))
    for parse in (order_of_request, order_of_statement, dispense_of, administration_of):
        with_or_unusable(lambda parse=parse: parse(resource, drug, OSLO))
    for read in (problem_of, allergy_of, visit_of):
        with_or_unusable(lambda read=read: read(resource, OSLO))
    drug_of_medication(resource)
    about(resource, "https://ehr.example/fhir", "marit")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["entry", "link", "total", "resourceType"]), anything))
def test_no_shape_of_a_page_breaks_the_reading(page: dict[str, Any]) -> None:
    take(page, "MedicationRequest", Found())
    next_link(page)


def with_or_unusable(read: Any) -> None:
    try:
        read()
    except Unusable:
        return


def test_only_fhir_is_asked_for_without_a_word_of_the_ehr(fhir: ScriptedFhir) -> None:
    fhir.serve("Condition", of_fhir(page_of()))
    fhir.record().background(["patient/Condition.rs"])
    assert fhir.asked == ["Condition?patient=marit&_count=100"]
