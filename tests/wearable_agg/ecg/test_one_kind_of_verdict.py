"""Vendors' verdicts and our own are events of one kind, and pulse never outweighs ECG."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clinical.verdicts import Meaning, RhythmEvent, Signal, meaning_of, severity
from config.clinical import load
from wearable_agg.delivery.detection import Detection
from wearable_agg.ecg.verdicts import of_detection, of_vendor
from wearable_agg.measurements.model import EcgRecording, RhythmNotification, RhythmVerdict
from wearable_agg.vendors.verdicts import verdict

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
PLACE = {"start": START, "end": END, "offset_seconds": 0, "device": "d", "vendor_id": "1"}
AF = "atrial-fibrillation"


def event(meaning: Meaning, signal: Signal) -> RhythmEvent:
    return RhythmEvent(meaning, START, END, signal, "x", "1", "word")


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
        ("apple", 5, Meaning.POOR_RECORDING),
        ("kardia", "afib", Meaning.ATRIAL_FIBRILLATION),
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


def test_our_own_detection_names_rule_and_version() -> None:
    found = of_detection(
        Detection("t", 1, "s/I", "d", START, END, None, 90, 120, 1.0, "rule", "7", "ECG", None)
    )
    assert (found.decider, found.version, found.signal) == ("rule", "7", Signal.ECG)
    assert found.text == "Possible atrial fibrillation"


def test_pulse_never_raises_what_ecg_says() -> None:
    pulse = event(Meaning.ATRIAL_FIBRILLATION, Signal.PPG)
    sinus = event(Meaning.SINUS_RHYTHM, Signal.ECG)
    fibrillation = event(Meaning.ATRIAL_FIBRILLATION, Signal.ECG)
    assert severity(AF, [sinus, pulse]) == severity(AF, [sinus])
    assert severity(AF, [fibrillation, pulse]) == severity(AF, [fibrillation]) == "High"
    assert severity(AF, [pulse]) == "Low"
