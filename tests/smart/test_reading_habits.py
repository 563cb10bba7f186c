from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from config.ehr_quirks import quirks
from safeguards.egress import Egress
from smart.habits import UNKNOWN, Habits, KnownHabits, habits_of
from tests.conformance.simulator.server import Answer, of_fhir
from tests.support.scripted_fhir import ScriptedFhir, bundle
from tests.support.stub_ehr import order

EPIC = {
    "software": {"name": "Epic", "version": "May 2026"},
    "MedicationRequest": (["patient", "status", "_count"], ["*"]),
    "MedicationAdministration": (["patient", "effective-time", "_count"], ["*"]),
    "Condition": (["patient", "category", "_count"], ["*"]),
}
ORACLE = {
    "publisher": "Oracle Health",
    "MedicationRequest": (["_id", "patient", "intent", "status", "_lastUpdated", "_count"], []),
    "MedicationAdministration": (["_id", "patient", "status", "effective-time"], []),
    "Condition": (["_id", "patient", "clinical-status", "category"], []),
}
OPEN = {"software": {"name": "Open server"}, "MedicationRequest": (["patient"], ["*"])}


def statement(described: dict[str, Any]) -> dict[str, Any]:
    """A CapabilityStatement; kinds come with their parameters and includes."""
    names = {"software", "publisher"}
    known = {name: value for name, value in described.items() if name in names}
    resources = [
        {
            "type": kind,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [{"name": name} for name in said[0]],
            "searchInclude": said[1],
        }
        for kind, said in described.items()
        if kind not in names
    ]
    return {"resourceType": "CapabilityStatement", **known, "rest": [{"resource": resources}]}


@pytest.fixture
def fhir() -> Iterator[ScriptedFhir]:
    running = ScriptedFhir()
    yield running
    running.close()


def by_reference(identifier: str, reference: str) -> dict[str, Any]:
    meant = {"medicationReference": {"reference": reference}}
    return order(identifier, medicationCodeableConcept=None) | meant


def drug(identifier: str, name: str) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": identifier, "code": {"text": name}}


@pytest.mark.parametrize(("described", "includes"), [(EPIC, False), (ORACLE, False), (OPEN, True)])
def test_drugs_are_included_where_the_ehr_says_so_and_does(
    described: dict[str, Any], includes: bool
) -> None:
    assert habits_of(statement(described)).includes_medications is includes
    assert not UNKNOWN.includes_medications


def test_parameters_that_an_ehr_does_not_take_are_not_sent() -> None:
    oracle, wished = habits_of(statement(ORACLE)), {"_count": "100", "category": "x", "date": "y"}
    assert oracle.query("MedicationRequest", "1", wished) == {"patient": "1", "_count": "100"}
    assert oracle.query("Condition", "1", wished) == {"patient": "1", "category": "x"}
    assert UNKNOWN.query("Condition", "1", wished) == {"patient": "1", "_count": "100"}


def test_a_kind_that_is_not_offered_is_stated_and_not_asked_for(fhir: ScriptedFhir) -> None:
    fhir.serve("MedicationRequest", bundle(order("a")))
    read = fhir.record(habits_of(statement(ORACLE))).medications(["patient/*.rs"])
    assert [str(gap) for gap in read.gaps] == [
        "Patient-reported medications: The EHR does not offer it.",
        "Dispensed medications: The EHR does not offer it.",
        "Administered medications: The EHR no longer has it.",
    ]
    kinds = {target.partition("?")[0] for target in fhir.asked}
    assert kinds == {"MedicationRequest", "MedicationAdministration"}


def test_where_includes_are_ignored_each_drug_is_read_by_itself(fhir: ScriptedFhir) -> None:
    orders = [by_reference("a", "Medication/d1"), by_reference("b", "Medication/d2")]
    fhir.serve("MedicationRequest", bundle(*orders))
    fhir.serve("Medication/d1", drug("d1", "Digoxin"))
    fhir.serve("Medication/d2", drug("d2", "Sotalol"))
    read = fhir.record(habits_of(statement(EPIC))).medications(["patient/MedicationRequest.rs"])
    assert [entry.name for entry in read.orders] == ["Digoxin", "Sotalol"]
    assert "_include" not in fhir.asked[0]
    assert sorted(fhir.asked[1:]) == ["Medication/d1", "Medication/d2"]


def test_drugs_that_came_along_are_not_read_again(fhir: ScriptedFhir) -> None:
    page = bundle(by_reference("a", "Medication/d1"), by_reference("b", "urn:uuid:7"))
    page["entry"] += [
        {"resource": drug("d1", "Digoxin"), "search": {"mode": "include"}},
        {"resource": drug("d2", "Sotalol"), "search": {"mode": "include"}, "fullUrl": "urn:uuid:7"},
    ]
    fhir.serve("MedicationRequest", page)
    read = fhir.record(habits_of(statement(OPEN))).medications(["patient/MedicationRequest.rs"])
    assert ([entry.name for entry in read.orders], read.gaps) == (["Digoxin", "Sotalol"], ())
    assert fhir.asked == [
        "MedicationRequest?patient=marit&_count=100&_include=MedicationRequest%3Amedication"
    ]


def test_an_include_that_brought_nothing_is_made_up_for(fhir: ScriptedFhir) -> None:
    fhir.serve("MedicationRequest", bundle(by_reference("a", "Medication/d1")))
    fhir.serve("Medication/d1", drug("d1", "Digoxin"))
    read = fhir.record(habits_of(statement(OPEN))).medications(["patient/MedicationRequest.rs"])
    assert [entry.name for entry in read.orders] == ["Digoxin"]


def test_the_statement_is_fetched_once(fhir: ScriptedFhir) -> None:
    fhir.serve("metadata", statement(EPIC))
    known = KnownHabits(fhir.base, Egress([fhir.base]))
    assert known.get().software == known.get().software == "Epic"
    assert fhir.asked == ["metadata"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(500),
        Answer(200, b"<html>"),
        of_fhir({"resourceType": "CapabilityStatement"}),
        of_fhir({"rest": "none", "software": 7}),
    ],
)
def test_an_ehr_that_says_nothing_of_itself_is_asked_the_plain_way(
    fhir: ScriptedFhir, answer: Answer
) -> None:
    fhir.serve("metadata", answer)
    habits = KnownHabits(fhir.base, Egress([fhir.base])).get()
    assert (habits.kinds, habits.offers("Condition")) == (None, True)
    assert habits == Habits() == UNKNOWN


def test_each_quirk_names_where_it_is_known_from() -> None:
    assert all(len(quirk.source) > 40 and quirk.software for quirk in quirks())
