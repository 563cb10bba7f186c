"""Google's pages into measurements: hand-made payloads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from safeguards.strict_json import Malformed
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.google_health.parse import parse

DATE = {"year": 2026, "month": 10, "day": 25}
WATCH = {
    "platform": "FITBIT",
    "recordingMethod": "PASSIVELY_MEASURED",
    "device": {"displayName": "Watch"},
}


def listed(**point: Any) -> bytes:
    return json.dumps({"dataPoints": [{"name": "n", "dataSource": WATCH, **point}]}).encode()


def sleep(**session: Any) -> bytes:
    times = {"startTime": "2026-06-22T21:00:00Z", "endTime": "2026-06-23T05:00:00Z"}
    return listed(sleep={"interval": {**times, "endUtcOffset": "7200s"}, **session})


def minutes_of(raw: bytes, zone: ZoneInfo) -> dict[str, float]:
    found = parse("sleep", raw, zone)
    return {one.type: one.value for one in found if one.type != "sleep_stage"}


def test_heart_rate_sample(oslo: ZoneInfo) -> None:
    sample = {"physicalTime": "2026-06-22T08:00:00.5Z", "utcOffset": "7200s"}
    raw = listed(heartRate={"beatsPerMinute": "76", "sampleTime": sample, "unknown": {}})
    (one,) = parse("heart-rate", raw, oslo)
    assert (one.type, one.value, one.unit, one.method) == ("heart_rate", 76.0, "/min", "passive")
    assert one.start == one.end == datetime(2026, 6, 22, 8, 0, 0, 500_000, UTC)
    assert (one.offset_seconds, one.device, one.vendor_id) == (7200, "Watch", "n")


def test_day_of_changing_clocks_is_25_hours(oslo: ZoneInfo) -> None:
    day = {"civilStartTime": {"date": DATE}, "steps": {"countSum": "8000"}}
    (one,) = parse("steps", json.dumps({"rollupDataPoints": [day]}).encode(), oslo)
    assert (one.value, one.unit) == (8000.0, "{steps}")
    assert one.start == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert one.end - one.start == timedelta(hours=25)


def test_nightly_variability_is_rmssd(oslo: ZoneInfo) -> None:
    value = {"averageHeartRateVariabilityMilliseconds": 41.5, "date": DATE}
    raw = listed(dailyHeartRateVariability=value)
    (one,) = parse("daily-heart-rate-variability", raw, oslo)
    assert (one.type, one.value, one.unit, one.statistic) == ("hrv", 41.5, "ms", "RMSSD")


def test_day_without_the_average_yields_nothing(oslo: ZoneInfo) -> None:
    raw = listed(dailyHeartRateVariability={"entropy": 2.9, "date": DATE})
    assert parse("daily-heart-rate-variability", raw, oslo) == []


def test_resting_rate_and_saturation_span_the_local_day(oslo: ZoneInfo) -> None:
    resting = listed(dailyRestingHeartRate={"beatsPerMinute": "61", "date": DATE})
    mean = listed(dailyOxygenSaturation={"averagePercentage": 96.2, "date": DATE})
    found = parse("daily-resting-heart-rate", resting, oslo)
    found += parse("daily-oxygen-saturation", mean, oslo)
    assert [(one.type, one.value) for one in found] == [
        ("resting_heart_rate", 61.0),
        ("oxygen_saturation", 96.2),
    ]
    assert {one.start.astimezone(oslo).hour for one in found} == {0}


def test_night_spans_itself_and_ends_on_its_day(oslo: ZoneInfo) -> None:
    summary = {
        "minutesAsleep": "430",
        "stagesSummary": [
            {"type": "DEEP", "minutes": "80"},
            {"type": "LIGHT", "minutes": "250"},
            {"type": "REM", "minutes": "100"},
            {"type": "AWAKE", "minutes": "50"},
        ],
    }
    raw = sleep(type="STAGES", summary=summary)
    assert minutes_of(raw, oslo) == {
        "sleep_deep": 80,
        "sleep_light": 250,
        "sleep_rem": 100,
        "sleep_awake": 50,
        "sleep_asleep": 430,
    }
    (end,) = {one.end for one in parse("sleep", raw, oslo)}
    assert end.astimezone(oslo).date().isoformat() == "2026-06-23"


def test_classic_night_has_no_stages_rather_than_zero(oslo: ZoneInfo) -> None:
    stages = [
        {"type": kind, "startTime": f"2026-06-22T{start}Z", "endTime": f"2026-06-22T{end}Z"}
        for kind, start, end in [
            ("ASLEEP", "21:00:00", "22:00:00"),
            ("RESTLESS", "22:00:00", "22:10:00"),
            ("AWAKE", "22:10:00", "22:15:00"),
        ]
    ]
    raw = sleep(type="CLASSIC", stages=stages)
    assert minutes_of(raw, oslo) == {"sleep_awake": 5, "sleep_asleep": 70}


def test_night_in_processing_is_not_read_yet(oslo: ZoneInfo) -> None:
    raw = sleep(metadata={"processed": False}, summary={"minutesAsleep": "400"})
    assert parse("sleep", raw, oslo) == []


def test_manual_and_unknown_methods_are_told_apart(oslo: ZoneInfo) -> None:
    sample = {"beatsPerMinute": 70, "sampleTime": {"physicalTime": "2026-06-22T08:00:00Z"}}
    manual = listed(heartRate=sample, dataSource={"recordingMethod": "MANUAL"})
    other = listed(heartRate=sample, dataSource={})
    assert [parse("heart-rate", raw, oslo)[0].method for raw in (manual, other)] == [
        "manual",
        "unknown",
    ]


def test_empty_answer_is_no_data(oslo: ZoneInfo) -> None:
    assert parse("heart-rate", b"{}", oslo) == parse("steps", b"{}", oslo) == []


@pytest.mark.parametrize(
    ("kind", "raw", "path"),
    [
        ("heart-rate", b'{"dataPoints":[{}]}', "$.dataPoints[0].heartRate"),
        ("heart-rate", b'{"dataPoints":{}}', "$.dataPoints"),
        (
            "steps",
            b'{"rollupDataPoints":[{"civilStartTime":{"date":{"year":2026,"month":13,"day":1}}}]}',
            "$.rollupDataPoints[0].civilStartTime.date",
        ),
        (
            "sleep",
            b'{"dataPoints":[{"sleep":{"interval":{"startTime":"yesterday"}}}]}',
            "$.dataPoints[0].sleep.interval.startTime",
        ),
        (
            "heart-rate",
            b'{"dataPoints":[{"heartRate":{"sampleTime":{"physicalTime":"2026-06-22T08:00:00"}}}]}',
            "$.dataPoints[0].heartRate.sampleTime.physicalTime",
        ),
    ],
)
def test_wrong_shape_is_unusable_and_named(
    oslo: ZoneInfo, kind: str, raw: bytes, path: str
) -> None:
    with pytest.raises(Unusable) as fault:
        parse(kind, raw, oslo)
    assert fault.value.path == path


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"])
def test_what_is_not_json_is_malformed(oslo: ZoneInfo, raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse("steps", raw, oslo)
