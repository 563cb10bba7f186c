"""Withings' services beyond those of the first page: measures, nights, hearts, answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.wearable_agg.vendors.made_payloads import group, items_in
from wearable_agg.measurements.model import BloodPressure, RhythmVerdict
from wearable_agg.vendors.findings import About, Refusal, TokensSeen

AT = 1_780_000_000


def body(**members: Any) -> Any:
    return items_in("withings", json.dumps({"status": 0, "body": members}))


def test_pressures_and_pulse_of_a_group_are_one_reading() -> None:
    [one] = items_in("withings", group((9, 780, -1), (10, 121, 0), (11, 66, 0)))
    assert isinstance(one, BloodPressure)
    assert (one.systolic, one.diastolic, one.pulse) == (121, 78, 66)
    assert [value.type for value in one.measurements()][-1] == "heart_rate"


@pytest.mark.parametrize(
    ("number", "value", "unit", "kind", "expected"),
    [
        (1, 71_400, -3, "weight", 71.4),
        (4, 1_755, -3, "height", 175.5),
        (6, 304, -1, "body_fat", 30.4),
        (71, 372, -1, "body_temperature", 37.2),
        (73, 331, -1, "skin_temperature", 33.1),
        (91, 78, -1, "pulse_wave_velocity", 7.8),
        (123, 38, 0, "vo2_max", 38),
        (138, 441, 0, "qtc_interval", 441),
        (168, 2162, -2, "extracellular_water", 21.62),
        (227, 52, 0, "metabolic_age", 52),
    ],
)
def test_measure_types(number: int, value: int, unit: int, kind: str, expected: float) -> None:
    [one] = items_in("withings", group((number, value, unit)))
    assert (one.type, one.value) == (kind, expected)


@pytest.mark.parametrize(
    ("number", "word", "verdict", "method"),
    [
        (130, 1, "atrial_fibrillation", "ecg"),
        (130, 9, "afib_negative", "ecg"),
        (139, 11, "atrial_fibrillation", "ppg"),
        (139, 5, "poor_recording", "ppg"),
        (139, 99, "unknown", "ppg"),
    ],
)
def test_verdicts_on_rhythm(number: int, word: int, verdict: str, method: str) -> None:
    [one] = items_in("withings", group((number, word, 0)))
    assert isinstance(one, RhythmVerdict)
    assert (one.verdict, one.vendor_verdict, one.method) == (verdict, str(word), method)


def test_segments_are_told_apart_by_their_site() -> None:
    measures = [
        {"type": 174, "value": 100 + n, "unit": -2, "position": n} for n in (2, 3, 10, 11, 12, 99)
    ]
    found = items_in("withings", group(measures=measures))
    assert [one.statistic for one in found] == [
        "right arm",
        "left arm",
        "left leg",
        "right leg",
        "torso",
        "position 99",
    ]


def test_steps_span_their_entry_and_rates_their_moment() -> None:
    entry = {"duration": 60, "steps": 21, "heart_rate": 80, "model": "ScanWatch", "model_id": 93}
    rate, steps = body(series={str(AT): entry})
    assert (rate.end - rate.start, steps.end - steps.start) == (timedelta(0), timedelta(minutes=1))


def test_a_night_in_detail() -> None:
    row = {
        "startdate": AT,
        "enddate": AT + 600,
        "state": 3,
        "hr": {str(AT): 50},
        "rmssd": {str(AT): 40},
        "sdnn_1": {str(AT): 45},
        "rr": [],
    }
    stage, rate, *variabilities = body(series=[row, {**row, "state": 77, "hr": None}])[:4]
    assert (stage.stage, stage.end - stage.start) == ("rem", timedelta(minutes=10))
    assert (rate.type, rate.value) == ("heart_rate", 50)
    assert [one.statistic for one in variabilities] == ["RMSSD", "SDNN"]


def test_what_was_not_measured_in_a_night_is_absent() -> None:
    data = {"total_sleep_time": 600, "apnea_hypopnea_index": -1, "sleep_efficiency": 0.86}
    found = body(series=[{"startdate": AT, "enddate": AT + 660, "data": data}])
    assert {one.type: one.value for one in found} == {"sleep_asleep": 10, "sleep_efficiency": 86}


def test_an_ecg_of_the_list_waits_for_its_waveform() -> None:
    row = {"model": 93, "ecg": {"signalid": 5, "afib": 0}, "heart_rate": 61, "timestamp": AT}
    [one] = body(series=[row])
    assert (one.verdict, one.signal, one.device, one.vendor_id) == (
        "afib_negative",
        None,
        "ScanWatch",
        "5",
    )


def test_a_pressure_without_an_ecg() -> None:
    row = {"model": 44, "bloodpressure": {"systole": 121, "diastole": 78}, "timestamp": AT}
    [one] = body(series=[row])
    assert (one.systolic, one.diastolic) == (121, 78)


def test_a_workout() -> None:
    row = {
        "id": 9,
        "category": 1,
        "startdate": AT,
        "enddate": AT + 1800,
        "timezone": "Europe/Oslo",
        "data": {"steps": 3000, "hr_average": 110},
    }
    [one] = body(series=[row])
    assert (one.activity, one.vendor_id, one.offset_seconds) == ("category 1", "9", 7200)
    assert one.values == {"steps": (3000, "{steps}"), "heart_rate_mean": (110, "/min")}


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "refresh the access token once"),
        (601, "wait 60 s"),
        (2555, "leave this kind of data out"),
        (503, "do not repeat the request"),
        (2554, "do not repeat the request"),
        (522, "try again with growing pauses"),
        (9999, "try again with growing pauses"),
    ],
)
def test_errors_come_with_http_200(status: int, remedy: str) -> None:
    [one] = items_in("withings", json.dumps({"status": status, "body": {}, "error": "why"}))
    assert one == Refusal(str(status), one.reason, "why", remedy)


def test_answers_that_are_no_data() -> None:
    assert body() == [About("acknowledgement", {"status": 0})]
    assert body(userid=7, access_token="s", expires_in=10800, scope="a,b", refresh_token="r") == [
        TokensSeen("7", 10800, ("a", "b"), True)
    ]


@pytest.mark.parametrize(
    ("form", "action"),
    [
        ("userid=1&appli=46&action=unlink", "unlinked"),
        ("userid=1&appli=46&action=update", "changed"),
        ("userid=1&appli=54&startdate=1780000000&enddate=1780000100\n", "changed"),
        ("userid=1&appli=44&date=2026-06-22", "changed"),
    ],
)
def test_forms_of_notifications(form: str, action: str) -> None:
    [one] = items_in("withings", form)
    assert one.notification.action == action
    assert one.said["userid"] == "1"
