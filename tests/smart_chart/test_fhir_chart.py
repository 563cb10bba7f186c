"""The FHIR chart against a real EHR."""

import uuid

import pytest

from tests.support.chart_ehr import ChartEhr
from wearable_agg.delivery.chart import (
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Found,
    Identifier,
    Mismatched,
    New,
    NotSent,
    Refused,
    Throttled,
    Updated,
)

NAME = Identifier("https://wristchart.org/fhir/sid/afib-flag", "0b6f")
PATIENT = "jonas-berg"


def flag(patient=PATIENT, name=NAME):
    return {
        "resourceType": "Flag",
        "identifier": [{"system": name.system, "value": name.value}],
        "status": "active",
        "code": {"text": "Possible atrial fibrillation"},
        "subject": {"reference": f"Patient/{patient}"},
    }


def device():
    return {"resourceType": "Device", "status": "active", "manufacturer": "Wristchart"}


def provenance(target):
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-03-01T06:30:00Z",
        "agent": [{"who": {"display": "Dr Ingrid Lind"}}],
    }


def new(resource, unless=None, url=None):
    return New(resource, url or uuid.uuid4().urn, unless)


def test_one_resource_is_created_once(ehr, chart):
    assert isinstance(chart.create([new(flag(), NAME)]), Created)
    assert isinstance(chart.create([new(flag(), NAME)]), Existed)
    assert len(ehr.held("Flag", PATIENT)) == 1


def test_several_are_created_together_and_refer_to_each_other(ehr, chart):
    author = new(device())
    made = {**flag(), "author": {"reference": author.full_url}}
    assert isinstance(chart.create([new(made, NAME), author]), Created)
    [held] = ehr.held("Flag", PATIENT)
    assert held["author"]["reference"].startswith("Device/")


def test_a_second_transaction_finds_the_first(ehr, chart):
    for meaning in (Created, Existed):
        main = new(flag(), NAME)
        assert isinstance(chart.create([main, new(device())]), meaning)
    assert len(ehr.held("Flag", PATIENT)) == 1


def test_nothing_is_kept_of_a_transaction_that_fails(ehr, chart):
    broken = {"resourceType": "Provenance", "target": [{"reference": "Flag/nowhere"}]}
    chart.create([new(flag(), NAME), new(broken)])
    assert ehr.held("Flag", PATIENT) == []


def test_what_exists_for_another_patient_is_an_alarm(chart):
    chart.create([new(flag("marit-solheim"), NAME)])
    assert isinstance(chart.create([new(flag(), NAME)]), Mismatched)
    assert isinstance(chart.find("Flag", NAME, PATIENT), Mismatched)


def test_it_is_found_by_identifier(chart):
    assert chart.find("Flag", NAME, PATIENT) == Found(())
    chart.create([new(flag(), NAME)])
    found = chart.find("Flag", NAME, PATIENT)
    assert [each["status"] for each in found.resources] == ["active"]


def test_an_update_takes_effect_with_what_goes_with_it(ehr, chart):
    chart.create([new(flag(), NAME)])
    [held] = chart.find("Flag", NAME, PATIENT).resources
    changed = {**held, "code": {"text": "Changed"}}
    origin = new(provenance(f"Flag/{held['id']}"))
    assert isinstance(chart.update(changed, "1", [origin]), Updated)
    assert ehr.held("Flag", PATIENT)[0]["code"]["text"] == "Changed"
    assert len(ehr.held("Provenance", PATIENT)) == 1


@pytest.mark.threat("T37")
@pytest.mark.parametrize("also", [False, True])
def test_a_stale_update_is_a_conflict_and_changes_nothing(ehr, chart, also):
    chart.create([new(flag(), NAME)])
    [held] = ehr.held("Flag", PATIENT)
    ehr.edit(dict(held), lambda it: it.update(code={"text": "Edited by a person"}))
    origins = [new(provenance(f"Flag/{held['id']}"))] if also else []
    assert isinstance(chart.update(held, "1", origins), Conflict)
    assert ehr.held("Flag", PATIENT)[0]["code"]["text"] == "Edited by a person"
    assert ehr.held("Provenance", PATIENT) == []


def test_a_lost_reply_is_ambiguous(ehr, chart):
    ehr.faults(lose_replies=1)
    assert isinstance(chart.create([new(flag(), NAME)]), Ambiguous)
    assert len(ehr.held("Flag", PATIENT)) == 1


def test_an_ehr_in_maintenance_is_asked_again_later(ehr, chart):
    chart.find("Flag", NAME, PATIENT)
    ehr.faults(down=True)
    assert isinstance(chart.create([new(flag(), NAME)]), Throttled)


def test_an_ehr_that_is_not_there_got_nothing(tmp_path):
    with ChartEhr(tmp_path / "ehr", tmp_path / "keys") as ehr:
        chart = ehr.chart()
        chart.find("Flag", NAME, PATIENT)
    assert isinstance(chart.create([new(flag(), NAME)]), NotSent)


def test_without_the_scope_nothing_is_sent(tmp_path):
    with ChartEhr(tmp_path / "ehr", tmp_path / "keys", "system/Flag.rs") as ehr:
        outcome = ehr.chart().create([new(flag(), NAME)])
        assert outcome == Refused("The EHR does not let us create Flag")
        assert ehr.held("Flag", PATIENT) == []
