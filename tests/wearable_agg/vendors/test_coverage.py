"""What vendors can tell is data: it is consistent, and the page is made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.clinical import load
from wearable_agg.measurements.types import FURTHER_TOPICS, TOPICS, TYPES
from wearable_agg.vendors.capability import POLL, RECORDS, WEBHOOK, Capability, checked
from wearable_agg.vendors.coverage import COVERAGE, page
from wearable_agg.vendors.verdicts import verdict

STEPS = Capability("steps", "steps", "count", "day", (POLL,))


def test_the_page_is_current() -> None:
    written = Path(__file__).parents[3] / "docs" / "vendors.md"
    assert written.read_text("utf-8") == page()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "mood"}, "no such type"),
        ({"granularity": "often"}, "no such granularity"),
        ({"arrives": ()}, "no such way"),
        ({"arrives": ("pigeon",)}, "no such way"),
        ({"arrives": (POLL, POLL)}, "twice"),
        ({"vendor_name": ""}, "name is missing"),
        ({"type": "hrv"}, "RMSSD or SDNN"),
        ({"statistic": "RMSSD"}, "RMSSD or SDNN"),
    ],
)
def test_contradictions_stop_the_import(change: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked("vendor", [replace(STEPS, **change)])  # type: ignore[arg-type]


def test_nothing_stands_twice() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        checked("vendor", [STEPS, STEPS])


def test_every_type_is_told_by_some_vendor_and_has_bounds_and_a_topic() -> None:
    told = {one.type for listed in COVERAGE.values() for one in listed}
    halves = {"blood_pressure_systolic", "blood_pressure_diastolic"}
    assert told == (set(TYPES) - halves) | RECORDS
    assert set(load("plausible_values")["bounds"]) == set(TYPES)
    assert {one.topic for one in TYPES.values()} <= {*TOPICS, *FURTHER_TOPICS}


def test_ecgs_and_rhythm_notices_of_google_are_polled_and_it_has_no_pressure() -> None:
    google = {one.type: one for one in COVERAGE["Google Health"]}
    assert google["ecg"].arrives == google["rhythm_notification"].arrives == (POLL,)
    assert google["heart_rate"].arrives == (WEBHOOK, POLL)
    assert "blood_pressure" not in google


def test_a_vendor_without_resting_rate_does_not_have_one() -> None:
    assert "resting_heart_rate" not in {one.type for one in COVERAGE["Withings"]}


@pytest.mark.parametrize(
    ("table", "word", "meaning"),
    [
        ("withings_list", 0, "afib_negative"),
        ("withings_measure", 9, "afib_negative"),
        ("withings_measure", 10, "afib_negative"),
        ("withings_measure", 11, "atrial_fibrillation"),
        ("withings_measure", 12, "atrial_fibrillation"),
        ("withings_measure", 13, "not_analyzed"),
        ("withings_measure", 14, "unknown"),
        ("google_health", "INCONCLUSIVE_HIGH_HEART_RATE", "inconclusive_high_hr"),
        ("google_health", "UNREADABLE", "poor_recording"),
        ("google_health", "WARP_DRIVE", "unknown"),
    ],
)
def test_verdicts(table: str, word: str | int, meaning: str) -> None:
    assert verdict(table, word) == meaning


def test_no_word_of_withings_means_sinus_rhythm() -> None:
    tables = load("verdicts")
    meant = {*tables["withings_list"].values(), *tables["withings_measure"].values()}
    assert "sinus_rhythm" not in meant


def test_every_meaning_is_explained() -> None:
    tables = {name: table for name, table in load("verdicts").items() if isinstance(table, dict)}
    words = tables.pop("meaning")
    assert {meaning for table in tables.values() for meaning in table.values()} <= set(words)


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("heart_rate", "/min"),
        ("blood_pressure_diastolic", "mm[Hg]"),
        ("steps", "{steps}"),
        ("body_temperature", "Cel"),
        ("weight", "kg"),
        ("height", "cm"),
        ("atrial_fibrillation_burden", "%"),
        ("hrv", "ms"),
    ],
)
def test_units_are_ucum(kind: str, unit: str) -> None:
    assert TYPES[kind].unit == unit


def test_burden_is_never_added_up() -> None:
    assert not TYPES["atrial_fibrillation_burden"].rolled_up
