"""The synthetic charts are valid, seeded once, and hold what the story needs."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.ehr.fhir.validation import check_structure, references
from sandbox.ehr.people.charts import all_charts

TODAY = date(2026, 3, 1)
RESOURCES = {f"{each['resourceType']}/{each['id']}": each for each in all_charts(TODAY)}


def orders(patient):
    return [
        each
        for each in RESOURCES.values()
        if each["resourceType"] == "MedicationRequest"
        and each["subject"]["reference"] == f"Patient/{patient}"
    ]


def test_every_resource_is_valid_r4():
    for resource in RESOURCES.values():
        check_structure(resource)


def test_every_reference_leads_somewhere():
    for resource in RESOURCES.values():
        for text in references(resource):
            assert text.startswith("#") or text in RESOURCES


def test_ids_are_unique():
    assert len(all_charts(TODAY)) == len(RESOURCES)


@pytest.mark.parametrize(("patient", "count"), [("rosa-delgado", 130), ("li-wei", 0)])
def test_number_of_orders(patient, count):
    assert len(orders(patient)) == count


def test_the_metoprolol_steps_follow_each_other():
    steps = [order for order in orders("marit-solheim") if "metoprolol" in order["id"]]
    bounds = [s["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"] for s in steps]
    doses = [s["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] for s in steps]
    assert doses == [25, 50, 100]
    assert [s["status"] for s in steps] == ["completed", "completed", "active"]
    assert [b.get("end") for b in bounds] == [bounds[1]["start"], bounds[2]["start"], None]


def test_stopped_drugs_say_why():
    diltiazem = RESOURCES["MedicationRequest/marit-solheim-diltiazem"]
    assert diltiazem["status"] == "stopped"
    assert "swelling" in diltiazem["statusReason"]["text"]


def test_one_drug_by_reference_and_one_contained():
    named = [o["medicationReference"]["reference"] for o in orders("elena-rossi")[:2]]
    assert named == ["Medication/apixaban-5", "#mix"]
