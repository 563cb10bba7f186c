"""Vendors' verdicts and our own are events of one kind, and pulse never outweighs ECG."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from clinical.verdicts import (
    POSITIVE,
    Ground,
    Meaning,
    RhythmEvent,
    Signal,
    foremost,
    meaning_of,
    once,
    severity,
)
from config.clinical import load
from wearable_agg.ecg.verdicts import of_own, of_vendor
from wearable_agg.measurements.model import EcgRecording, RhythmNotification, RhythmVerdict
from wearable_agg.measurements.statements import OwnVerdict
from wearable_agg.vendors.verdicts import verdict

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
PLACE = {"start": START, "end": END, "offset_seconds": 0, "device": "d", "vendor_id": "1"}
AF = "atrial-fibrillation"


def event(meaning: Meaning, signal: Signal, decider: str = "x") -> RhythmEvent:
    return RhythmEvent(meaning, START, END, signal, decider, "1", "word")


def recording(table: str, word: str | int) -> RhythmEvent:
    said = verdict(table, word)
    found = of_vendor(EcgRecording(said, str(word), None, None, source=table, **PLACE))
    assert found is not None
    return found


def test_withings_negative_is_not_sinus_rhythm() -> None:
    found = recording("withings_list", 0)
    assert found.meaning is Meaning.AFIB_NEGATIVE
    assert "not stated" in found.text


@pytest.mark.parametrize(
    ("table", "word", "meaning"),
    [
        ("google_health", "INCONCLUSIVE_HIGH_HEART_RATE", Meaning.INCONCLUSIVE_HIGH_RATE),
        ("google_health", "Inconclusive: High heart rate", Meaning.INCONCLUSIVE_HIGH_RATE),
        ("google_health", "NA", Meaning.NOT_ANALYSED),
        ("apple", 5, Meaning.POOR_RECORDING),
        ("kardia", "afib", Meaning.ATRIAL_FIBRILLATION),
        ("kardia", "Normal", Meaning.SINUS_RHYTHM),
        ("kardia", "TOO_SHORT", Meaning.POOR_RECORDING),
        ("kardia", "bradycardia", Meaning.INCONCLUSIVE_LOW_RATE),
        ("kardia", "wide_qrs", Meaning.UNKNOWN),
    ],
)
def test_inconclusive_keeps_its_reason_and_the_vendors_word(
    table: str, word: str | int, meaning: Meaning
) -> None:
    found = recording(table, word)
    assert (found.meaning, found.said, found.signal) == (meaning, str(word), Signal.ECG)


def test_every_word_of_the_crosswalk_has_a_meaning() -> None:
    tables = load("verdicts")
    words = {
        w for t, table in tables.items() if t not in ("source", "meaning") for w in table.values()
    }
    assert {meaning_of(word).value for word in words} == words
    assert {meaning.value for meaning in Meaning} == set(tables["meaning"])


def test_a_pulse_notice_is_marked_as_pulse() -> None:
    notice = of_vendor(RhythmNotification("irregular", (), source="google_health", **PLACE))
    assert notice is not None
    assert (notice.meaning, notice.signal) == (Meaning.IRREGULAR, Signal.PPG)
    assert of_vendor(RhythmNotification("high_rate", (), source="apple", **PLACE)) is None
    unstated = of_vendor(RhythmVerdict("atrial_fibrillation", "1", "", source="w", **PLACE))
    assert unstated is not None
    assert unstated.signal is Signal.PPG


def test_a_vendors_verdict_names_the_version_of_its_algorithm() -> None:
    said = EcgRecording("irregular", "x", None, None, source="apple", algorithm="2", **PLACE)
    told = RhythmNotification("irregular", (), source="g", algorithm="3", **PLACE)
    versions = [event.version for event in map(of_vendor, (said, told)) if event]
    assert versions == ["2", "3"]


def test_our_own_verdict_names_rule_and_version() -> None:
    made = OwnVerdict("atrial_fibrillation", "A", "wristchart-spot", "7", START, END, "d")
    found = of_own(made)
    assert (found.decider, found.version, found.signal) == ("wristchart-spot", "7", Signal.ECG)
    assert (found.text, found.probability) == ("Possible atrial fibrillation", None)
    assert (found.decided_by, found.is_own) == ("Wristchart, recording", True)


def test_the_same_verdict_told_in_two_ways_is_one() -> None:
    listed = recording("withings_list", 1)
    measured = replace(listed, start=START + timedelta(milliseconds=300), said="11")
    assert once([listed, measured]) == [listed]
    other = replace(listed, meaning=Meaning.INCONCLUSIVE)
    assert len(once([listed, other])) == 2


def test_what_asks_for_a_look_is_not_crowded_out() -> None:
    quiet = [
        replace(event(Meaning.AFIB_NEGATIVE, Signal.PPG), start=START + timedelta(minutes=n))
        for n in range(1, 9)
    ]
    loud = event(Meaning.ATRIAL_FIBRILLATION, Signal.ECG)
    assert foremost([*quiet, loud], 3) == [quiet[7], quiet[6], loud]


def test_pulse_never_raises_what_ecg_says() -> None:
    pulse = event(Meaning.ATRIAL_FIBRILLATION, Signal.PPG)
    sinus = event(Meaning.SINUS_RHYTHM, Signal.ECG)
    fibrillation = event(Meaning.ATRIAL_FIBRILLATION, Signal.ECG)
    assert severity(AF, [sinus, pulse]) == severity(AF, [sinus])
    assert severity(AF, [fibrillation, pulse]) == severity(AF, [fibrillation]) == "High"
    assert severity(AF, [pulse]) == pulse.severity == "Low"
    assert (sinus.severity, fibrillation.severity) == ("", "High")


PULSE = event(Meaning.IRREGULAR, Signal.PPG)
BEATS = event(Meaning.ATRIAL_FIBRILLATION, Signal.ECG, "wristchart-beats")
OTHERWISE = {Meaning.SINUS_RHYTHM, Meaning.AFIB_NEGATIVE, Meaning.OTHER_RHYTHM}


@pytest.mark.parametrize("meaning", sorted(set(Meaning) - POSITIVE))
def test_only_an_ecg_that_says_otherwise_outweighs_what_has_no_ecg(meaning: Meaning) -> None:
    on_ecg = event(meaning, Signal.ECG)
    outweighed = severity(AF, [PULSE, on_ecg]), severity(AF, [BEATS, on_ecg])
    assert outweighed == (("None", "None") if meaning in OTHERWISE else ("Low", "Medium"))


def test_heart_beats_without_an_ecg_stand_between_pulse_and_ecg() -> None:
    on_ecg = event(Meaning.ATRIAL_FIBRILLATION, Signal.ECG)
    assert (BEATS.severity, severity(AF, [PULSE, BEATS])) == ("Medium", "Medium")
    assert severity(AF, [BEATS, on_ecg]) == "High"
    by_light = replace(BEATS, signal=Signal.PPG)
    assert (by_light.severity, by_light.ground) == ("Low", Ground.PULSE)


def test_beats_that_say_otherwise_are_no_ecg() -> None:
    calm = replace(BEATS, meaning=Meaning.AFIB_NEGATIVE)
    assert severity(AF, [calm, PULSE]) == "Low"
