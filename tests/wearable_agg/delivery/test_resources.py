"""What is written to a chart is valid FHIR and says what is meant."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from clinical.findings import Decision
from wearable_agg.delivery import resources
from wearable_agg.delivery.chart import Identifier
from wearable_agg.delivery.detection import Tachogram, TimedBeat
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.marks import Mark, bears, decision_origin, marked
from wearable_agg.delivery.messages import words
from wearable_agg.delivery.resources import DayTotal, FindingFacts, StripFacts
from wearable_agg.delivery.validation import InvalidResource, check

ISSUER = "http://localhost:8400/fhir"
ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
NAME = Identifier("https://wristchart.org/fhir/sid/afib-flag", "x")
FACTS = FindingFacts(
    kind="atrial-fibrillation",
    onset=ONSET,
    last_seen=ONSET,
    mean_rate=111.6,
    decider="zhou",
    decider_version="1",
    signal="ECG",
    device="Chest patch",
)
STRIP = StripFacts(ONSET, 250.0, "II", "131330", 0.5, [0, 12, -7, 400])
BEATS = replace(
    FACTS, decider="wristchart-beats", device="Strap", beats_alone=True, evidence={"cosen": -0.9}
)
TOLD = Tachogram(
    ONSET,
    [TimedBeat(at, at == 3100, None) for at in (200, 1000, 1640, 3100, 3900, 4500)],
)
MARK = Mark(
    "d1",
    Decision.ACKNOWLEDGED,
    f"{ISSUER}/Practitioner/ingrid-lind",
    "Dr Ingrid Lind",
    ONSET,
    "Seen",
)


def flag():
    return resources.flag(FACTS, "marit", NAME, "Device/1", "Observation/1")


def evidence(strip=STRIP):
    return resources.evidence(FACTS, strip, "marit", NAME)


def day(value=8123.0, kind="steps", on=date(2026, 2, 27)):
    return resources.day_total(DayTotal(kind, on, value, ZoneInfo("Europe/Oslo")), "marit", NAME)


@pytest.mark.parametrize(
    "resource",
    [
        flag(),
        evidence(),
        evidence(None),
        resources.evidence(BEATS, None, "marit", NAME, TOLD),
        resources.flag(BEATS, "marit", NAME, "Device/1", "Observation/1"),
        resources.software(FACTS),
        resources.origin(FACTS, ["Flag/1", "Observation/1"], "Device/1", ONSET),
        day(),
        day(54.3, "resting_heart_rate"),
        marked(flag(), MARK, ISSUER),
        decision_origin(MARK, "Flag/1", ISSUER),
    ],
    ids=lambda resource: resource["resourceType"],
)
def test_every_resource_is_valid(resource):
    check(resource)


def test_an_invalid_resource_is_named():
    with pytest.raises(InvalidResource, match=r"Flag: .*subject"):
        check({name: value for name, value in flag().items() if name != "subject"})


def test_the_flag_says_possible_and_names_its_evidence():
    made = flag()
    assert made["code"]["text"] == "Possible atrial fibrillation"
    assert made["code"]["coding"][0]["code"] == "164889003"
    assert made["category"][0]["coding"][0]["code"] == "clinical"
    assert made["extension"] == [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/flag-detail",
            "valueReference": {"reference": "Observation/1"},
        }
    ]
    assert made["period"] == {"start": "2026-03-01T06:30:00.000Z"}


def test_the_evidence_holds_the_strip_by_lead():
    wave = evidence()["component"][0]
    assert wave["code"]["coding"][0]["code"] == "131330"
    assert wave["code"]["coding"][0]["display"] == "MDC_ECG_ELEC_POTL_II"
    assert wave["valueSampledData"]["data"] == "0 12 -7 400"
    assert (wave["valueSampledData"]["period"], wave["valueSampledData"]["factor"]) == (4.0, 0.5)


def test_the_evidence_tells_the_rate():
    rate = evidence()["component"][1]
    assert rate["code"]["coding"][0]["code"] == "8867-4"
    assert rate["valueQuantity"]["value"] == 112


def test_the_evidence_explains_the_decision():
    facts = replace(FACTS, probability=0.934, evidence={"mode_share": 0.12, "cosen": -0.9})
    made = resources.evidence(facts, STRIP, "marit", NAME)
    check(made)
    assert [(part["code"]["text"], part["valueString"]) for part in made["component"][3:]] == [
        ("Probability, investigational", "93 %"),
        ("RR alike", "12 %"),
        ("CoSEn", "−0.9"),
    ]


def texts(resource):
    return json.dumps(resource)


def test_beats_alone_are_not_told_as_an_ecg():
    made = resources.evidence(BEATS, None, "marit", NAME, TOLD)
    assert [one["code"] for one in made["code"]["coding"]] == ["8884-9"]
    assert "no ECG to look at" in made["note"][0]["text"]
    assert not any("valueSampledData" in part for part in made["component"])
    told = resources.flag(BEATS, "marit", NAME, "Device/1", "Observation/1")["code"]
    assert told["coding"][0]["code"] == "361137007"
    assert told["text"] == "Possible atrial fibrillation, from heart beats alone"
    origin = resources.origin(BEATS, ["Flag/1"], "Device/1", ONSET)
    for each in (texts(made), texts(origin), words(BEATS)):
        assert "heart-beats-only" in each
    assert "heart-beats-only recording of Strap" in words(BEATS)
    assert "no ECG to look at" in words(BEATS)


def test_what_was_not_known_of_the_patient_is_stated_and_only_that():
    unknown = replace(FACTS, unknown=("problem list",))
    told = "Not known when the site's rules were asked: problem list."
    notes = resources.evidence(unknown, STRIP, "marit", NAME)["note"]
    assert [note["text"] for note in notes][1:] == [told]
    assert words(unknown).endswith(told)
    assert len(evidence()["note"]) == 1


def test_intervals_between_beats_stand_run_by_run():
    made = resources.evidence(BEATS, None, "marit", NAME, TOLD)
    first, second, rate = made["component"][:3]
    assert (first["valueString"], second["valueString"]) == ("800 640", "800 600")
    assert first["code"]["coding"][0]["code"] == "8637-1"
    assert second["code"]["text"].endswith("from the beat at 2026-03-01T06:30:03.100Z")
    assert rate["valueQuantity"]["value"] == 112
    period = {"start": "2026-03-01T06:30:00.200Z", "end": "2026-03-01T06:30:04.500Z"}
    assert made["effectivePeriod"] == period


def test_intervals_of_a_pulse_have_no_code_of_an_ecg():
    pulse = resources.evidence(replace(BEATS, signal="PPG"), None, "marit", NAME, TOLD)
    check(pulse)
    assert "coding" not in pulse["component"][0]["code"]
    assert "pulse-beats-only" in texts(pulse)


def test_an_unknown_lead_keeps_its_name():
    wave = resources.evidence(
        FACTS, StripFacts(ONSET, 360, "MLII", "131328", 5, [1]), "marit", NAME
    )["component"][0]
    assert wave["code"]["text"] == "ECG lead MLII"
    assert wave["code"]["coding"][0]["display"] == "MDC_ECG_ELEC_POTL"


def test_a_day_runs_from_local_midnight_to_the_next():
    assert day()["effectivePeriod"] == {
        "start": "2026-02-27T00:00:00+01:00",
        "end": "2026-02-28T00:00:00+01:00",
    }


def test_the_day_the_clocks_change_has_two_offsets():
    assert day(on=date(2026, 3, 29))["effectivePeriod"] == {
        "start": "2026-03-29T00:00:00+01:00",
        "end": "2026-03-30T00:00:00+02:00",
    }


def test_steps_are_whole_numbers_with_their_unit():
    quantity = day()["valueQuantity"]
    assert (quantity["value"], quantity["code"]) == (8123, "{steps}")
    assert isinstance(quantity["value"], int)


def test_an_acknowledgement_leaves_all_else_as_it_was():
    edited = {**flag(), "id": "7", "code": {"text": "Edited by a person"}}
    changed = marked(edited, MARK, ISSUER)
    assert {**changed, "extension": None} == {**edited, "extension": None}
    assert changed["extension"][0] == edited["extension"][0]


def test_a_mark_is_recognised():
    assert bears(marked(flag(), MARK, ISSUER), MARK)
    assert not bears(flag(), MARK)


def test_the_clinician_is_the_agent_by_a_reference_within_the_ehr():
    who = decision_origin(MARK, "Flag/1", ISSUER)["agent"][0]["who"]
    assert who == {"reference": "Practitioner/ingrid-lind", "display": "Dr Ingrid Lind"}


def test_a_person_the_ehr_does_not_know_is_named_only():
    stranger = Mark(
        "d1", Decision.ACKNOWLEDGED, "https://elsewhere/Practitioner/1", "Dr No", ONSET, ""
    )
    assert decision_origin(stranger, "Flag/1", ISSUER)["agent"][0]["who"] == {"display": "Dr No"}


def test_identifiers_are_stable_keyed_and_of_version_8(tmp_path):
    identity = Identity.open(tmp_path / "keys")
    name = identity.flag(ISSUER, "marit", "atrial-fibrillation", "s|1")
    assert name == Identity.open(tmp_path / "keys").flag(
        ISSUER, "marit", "atrial-fibrillation", "s|1"
    )
    assert name.value[14] == "8"
    assert name.value[19] in "89ab"
    others = {
        identity.flag(ISSUER, "jonas", "atrial-fibrillation", "s|1").value,
        identity.flag(ISSUER, "marit", "atrial-fibrillation", "s|2").value,
        Identity(b"another key").flag(ISSUER, "marit", "atrial-fibrillation", "s|1").value,
    }
    assert len(others | {name.value}) == 4


def test_the_key_is_readable_by_its_owner_only(tmp_path):
    Identity.open(tmp_path / "keys")
    assert (tmp_path / "keys" / "flag-identity.key").stat().st_mode & 0o777 == 0o600
