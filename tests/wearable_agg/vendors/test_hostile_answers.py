"""Whatever stands in an answer: it is read, or refused by one of two errors."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeguards.strict_json import Malformed
from tests.wearable_agg.vendors.spoiling import spoiled
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.errors import NotAuthentic, Unusable
from wearable_agg.vendors.google_health.notifications import read_entry
from wearable_agg.vendors.registry import VENDORS

DATE = {"year": 2026, "month": 6, "day": 22}
TIMES = {"startTime": "2026-06-22T21:00:00Z", "endTime": "2026-06-23T05:00:00Z"}
SOURCE = {"recordingMethod": "MANUAL", "device": {"displayName": "Watch"}}
SLEEP = {
    "interval": {**TIMES, "endUtcOffset": "7200s"},
    "metadata": {"processed": True},
    "stages": [{"type": "DEEP", **TIMES}],
    "summary": {"minutesAsleep": "9", "stagesSummary": [{"type": "REM", "minutes": "9"}]},
}
RATE = {"beatsPerMinute": "76", "sampleTime": {"physicalTime": TIMES["startTime"]}}
NIGHT = {
    "id": 1,
    "startdate": 1_780_000_000,
    "enddate": 1_780_020_000,
    "data": {"remsleepduration": 60},
}
GROUP = {"grpid": 7, "attrib": 0, "date": 1_780_000_000, "category": 1}
PAGES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "google_health",
        "steps",
        {"rollupDataPoints": [{"civilStartTime": {"date": DATE}, "steps": {"countSum": "1"}}]},
    ),
    ("google_health", "heart-rate", {"dataPoints": [{"dataSource": SOURCE, "heartRate": RATE}]}),
    ("google_health", "sleep", {"dataPoints": [{"name": "n", "sleep": SLEEP}]}),
    (
        "google_health",
        "daily-oxygen-saturation",
        {"dataPoints": [{"dailyOxygenSaturation": {"averagePercentage": 9.5, "date": DATE}}]},
    ),
    (
        "withings",
        "activity",
        {"status": 0, "body": {"activities": [{"date": "2026-06-22", "steps": 1}]}},
    ),
    (
        "withings",
        "intraday",
        {"status": 0, "body": {"series": {"1780000000": {"heart_rate": 60, "model": "W"}}}},
    ),
    ("withings", "sleep", {"status": 0, "body": {"series": [NIGHT]}}),
    (
        "withings",
        "measures",
        {
            "status": 0,
            "body": {
                "measuregrps": [{**GROUP, "measures": [{"type": 54, "value": 95, "unit": 0}]}]
            },
        },
    ),
]


@pytest.mark.threat("T25")
@pytest.mark.parametrize(("vendor", "kind", "page"), PAGES)
@settings(max_examples=60)
@given(data=st.data())
def test_any_value_in_any_place(
    vendor: str, kind: str, page: dict[str, Any], data: st.DataObject
) -> None:
    raw = json.dumps(spoiled(page, data)).encode()
    with contextlib.suppress(Malformed, Unusable):
        VENDORS[vendor].parse(kind, raw, ZoneInfo("Europe/Oslo"))


@settings(max_examples=60)
@given(data=st.data())
def test_any_value_in_any_place_of_a_notification(data: st.DataObject) -> None:
    civil = {"date": DATE, "time": {"hours": 3}}
    interval = {"civilDateTimeInterval": {"startDateTime": civil, "endDateTime": civil}}
    entry = {"healthUserId": "4", "operation": "UPSERT", "dataType": "steps"}
    notice = {**entry, "intervals": [interval, {"physicalTimeInterval": TIMES}]}
    with contextlib.suppress(Unusable):
        list(read_entry(Part(spoiled(notice, data))))


@given(raw=st.binary(max_size=200))
def test_any_bytes_as_a_withings_notification(raw: bytes) -> None:
    with contextlib.suppress(Malformed, Unusable):
        VENDORS["withings"].notifications({}, raw, b"")


@given(raw=st.binary(max_size=50), header=st.text(max_size=60), keys=st.binary(max_size=60))
def test_any_bytes_as_a_google_notification(raw: bytes, header: str, keys: bytes) -> None:
    with pytest.raises((NotAuthentic, Malformed, Unusable)):
        VENDORS["google_health"].notifications({"X-HEALTHAPI-SIGNATURE": header}, raw, keys)
