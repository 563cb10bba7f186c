"""Whatever stands in a file: it is read, set apart, or refused by one of two errors."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from safeguards.strict_json import Malformed, dumps
from tests.wearable_agg.vendors.made_payloads import (
    ZONE,
    activity,
    ecg_file,
    export,
    found_in,
    group,
    heart_rate,
    pushed,
    record,
    synced,
)
from tests.wearable_agg.vendors.spoiling import spoiled
from wearable_agg.vendors.apple.export import read_export
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.lines import line_of

T = {"startTime": "2026-06-22T21:00:00Z", "endTime": "2026-06-23T05:00:00Z", "startUtcOffset": "1s"}
AT = 1_780_000_000
DAY = {"year": 2026, "month": 6, "day": 22}
PAGES: list[tuple[str, Any]] = [
    ("google_health", json.loads(heart_rate())),
    ("google_health", json.loads(activity())),
    (
        "google_health",
        {
            "dataPoints": [
                {
                    "electrocardiogram": {
                        "interval": T,
                        "resultClassification": "X",
                        "samplingFrequencyHertz": 250,
                        "millivoltsScalingFactor": 1000,
                        "beatsPerMinuteAvg": "60",
                        "waveformSamples": [1, 2],
                    }
                },
                {
                    "irregularRhythmNotification": {
                        "interval": T,
                        "alertWindows": [
                            {
                                **T,
                                "positive": True,
                                "heartBeats": [
                                    {"physicalTime": T["startTime"], "beatsPerMinute": 80}
                                ],
                            }
                        ],
                    }
                },
                {"exercise": {"interval": T, "metricsSummary": {"steps": "9"}}},
                {"sleep": {"interval": T, "stages": [{**T, "type": "DEEP"}]}},
                {"weight": {"weightGrams": 1.5, "sampleTime": {"physicalTime": T["startTime"]}}},
            ],
            "rollupDataPoints": [
                {
                    "civilStartTime": {"date": DAY},
                    "civilEndTime": {"date": DAY},
                    "steps": {"countSum": 5},
                }
            ],
        },
    ),
    ("google_health", {"error": {"code": 429, "details": [{"reason": "R"}], "message": "m"}}),
    ("google_health", [{"data": {"healthUserId": "4", "operation": "U", "dataType": "steps"}}]),
    (
        "withings",
        json.loads(group((9, 80, 0), (10, 120, 0), (130, 1, 0), (173, 9, 0), position=3)),
    ),
    (
        "withings",
        {
            "status": 0,
            "body": {
                "series": [
                    {
                        "model": 44,
                        "ecg": {"signalid": 5, "afib": 0},
                        "bloodpressure": {"systole": 121, "diastole": 78},
                        "heart_rate": 60,
                        "timestamp": AT,
                    }
                ]
            },
        },
    ),
    (
        "withings",
        {
            "status": 0,
            "body": {
                "series": [
                    {
                        "startdate": AT,
                        "enddate": AT + 60,
                        "state": 1,
                        "hr": {str(AT): 50},
                        "model": "A",
                    }
                ]
            },
        },
    ),
    (
        "withings",
        {"status": 0, "body": {"signal": [1], "sampling_frequency": 300, "wearposition": 1}},
    ),
    ("withings", {"status": 601, "body": {}, "error": "e"}),
    ("apple", json.loads(synced())),
    (
        "apple",
        json.loads(
            pushed(
                ("step_count", "count", {"qty": 5, "date": "2026-06-17 08:00:00 +0800"}),
                ("heart_rate", "bpm", {"Min": 5, "Avg": 6, "date": "2026-06-17 08:00:00 +0800"}),
            )
        ),
    ),
    (
        "apple",
        [
            {
                "classification": "SinusRhythm",
                "startDate": T["startTime"],
                "endDate": T["endTime"],
                "samplingFrequency": 512,
                "voltageMeasurements": [[0, 0.1], [0.002, 0.2]],
            }
        ],
    ),
]


def printable(vendor: str, found: list[Found]) -> None:
    for one in found:
        dumps(line_of(vendor, one))


@pytest.mark.parametrize(("vendor", "page"), PAGES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_value_in_any_place(vendor: str, page: Any, data: st.DataObject) -> None:
    with contextlib.suppress(Malformed, Unusable):
        printable(vendor, found_in(vendor, json.dumps(spoiled(page, data))))


@pytest.mark.parametrize("vendor", ["google_health", "withings", "apple"])
@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"\xef\xbb\xbf<")
@example(b"<HealthData")
def test_any_bytes(vendor: str, raw: bytes) -> None:
    with contextlib.suppress(Malformed, Unusable):
        printable(vendor, found_in(vendor, raw))


attribute = st.text(st.characters(codec="utf-8", exclude_characters='<>"&'), max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["HeartRate", "BodyMass", "BloodPressureSystolic", "OxygenSaturation"]),
    changes=st.dictionaries(
        st.sampled_from(["unit", "value", "startDate", "endDate", "device", "sourceName"]),
        attribute | st.sampled_from(["1e30", "-0", "%", "lb", "9999-12-31 23:59:59 +1400"]),
    ),
    cut=st.integers(0, 400),
)
def test_any_attribute_of_a_record_and_any_cut(
    kind: str, changes: dict[str, str], cut: int
) -> None:
    whole = export(record(kind, **changes))
    printable("apple", found_in("apple", whole))
    with contextlib.suppress(Malformed):
        printable("apple", found_in("apple", whole[:cut] or "<"))


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=40), line=st.integers(0, 13))
def test_any_line_of_an_ecg_file(text: str, line: int) -> None:
    lines = ecg_file().splitlines()
    lines[line % len(lines)] = text
    with contextlib.suppress(Malformed, Unusable):
        printable("apple", found_in("apple", "\n".join(lines) or "x"))


@settings(max_examples=50, deadline=None)
@given(size=st.integers(1, 60))
def test_an_export_is_the_same_however_it_is_cut_into_pieces(size: int) -> None:
    class Pieces(io.BytesIO):
        def read(self, wanted: int | None = -1) -> bytes:
            return super().read(size)

    raw = export(*[record(sourceName=f"a&#11;b{n}", value=str(60 + n)) for n in range(4)]).encode()
    assert list(read_export(Pieces(raw), ZONE)) == list(read_export(io.BytesIO(raw), ZONE))
