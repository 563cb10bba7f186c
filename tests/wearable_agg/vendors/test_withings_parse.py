"""Withings' pages into measurements: hand-made payloads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.withings.parse import parse

AT = 1_780_000_000


def page(**body: Any) -> bytes:
    return json.dumps({"status": 0, "body": body}).encode()


def group(*measures: tuple[int, int, int], **members: Any) -> dict[str, Any]:
    usual = {"grpid": 7, "attrib": 0, "date": AT, "category": 1, "model": "ScanWatch"}
    listed = [{"type": kind, "value": value, "unit": unit} for kind, value, unit in measures]
    return {**usual, "measures": listed, **members}


def measures(zone: ZoneInfo, *groups: dict[str, Any]) -> list[Measurement]:
    return parse("measures", page(measuregrps=list(groups)), zone)


def test_value_is_scaled_exactly(oslo: ZoneInfo) -> None:
    (one,) = measures(oslo, group((54, 9_480, -2)))
    assert (one.type, one.value, one.unit) == ("oxygen_saturation", 94.8, "%")
    assert one.start == one.end == datetime.fromtimestamp(AT, UTC)


def test_goals_are_not_measurements(oslo: ZoneInfo) -> None:
    assert measures(oslo, group((54, 95, 0), category=2)) == []


def test_what_may_be_somebody_elses_is_left_out(oslo: ZoneInfo) -> None:
    assert measures(oslo, group((54, 95, 0), attrib=1)) == []


def test_group_that_comes_twice_counts_once(oslo: ZoneInfo) -> None:
    assert len(measures(oslo, group((54, 95, 0)), group((54, 95, 0), attrib=8))) == 1


def test_typed_in_values_are_manual(oslo: ZoneInfo) -> None:
    (one,) = measures(oslo, group((54, 95, 0), attrib=2))
    assert one.method == "manual"


def test_types_we_do_not_keep_are_ignored(oslo: ZoneInfo) -> None:
    assert measures(oslo, group((9_999, 71_400, -3))) == []


def test_the_verdict_on_an_ecg_keeps_withings_own_word(oslo: ZoneInfo) -> None:
    for word, meaning in ((1, "atrial_fibrillation"), (2, "inconclusive"), (5, "poor_recording")):
        (one,) = measures(oslo, group((130, word, 0)))
        assert (one.verdict, one.vendor_verdict) == (meaning, str(word))


def test_absurd_unit_is_unusable(oslo: ZoneInfo) -> None:
    with pytest.raises(Unusable) as fault:
        measures(oslo, group((54, 95, 999)))
    assert fault.value.path == "$.body.measuregrps[0].measures[0].unit"


def test_steps_span_the_rows_own_local_day(oslo: ZoneInfo) -> None:
    row = {"date": "2026-06-22", "timezone": "America/New_York", "steps": 4321}
    (one,) = parse("activity", page(activities=[row]), oslo)
    assert (one.value, one.start) == (4321.0, datetime(2026, 6, 22, 4, tzinfo=UTC))
    assert one.offset_seconds == -4 * 3600


def test_another_brands_row_stands_back_behind_the_watchs(oslo: ZoneInfo) -> None:
    watch = {"date": "2026-06-22", "steps": 5000, "is_tracker": True, "model": "ScanWatch"}
    phone = {"date": "2026-06-22", "steps": 2500, "is_tracker": False, "model": "GoogleFit"}
    for rows in ([watch, phone], [phone, watch]):
        (one,) = parse("activity", page(activities=rows), oslo)
        assert (one.value, one.method) == (5000.0, "passive")
    (alone,) = parse("activity", page(activities=[phone]), oslo)
    assert (alone.value, alone.method) == (2500.0, "unknown")


def test_intraday_keeps_both_variabilities_apart_and_has_no_resting_rate(oslo: ZoneInfo) -> None:
    entry = {"duration": 600, "heart_rate": 58, "rmssd": 31, "sdnn1": 44, "steps": 12}
    found = parse("intraday", page(series={str(AT): entry, str(AT + 600): {"duration": 600}}), oslo)
    assert [(one.type, one.value, one.statistic) for one in found] == [
        ("heart_rate", 58.0, ""),
        ("hrv", 31.0, "RMSSD"),
        ("hrv", 44.0, "SDNN"),
        ("steps", 12.0, ""),
    ]
    assert [(one.end - one.start).total_seconds() for one in found] == [0, 0, 0, 600]


def test_empty_series_may_be_an_array(oslo: ZoneInfo) -> None:
    assert parse("intraday", page(series=[]), oslo) == []


def test_night_in_minutes_and_its_lowest_rate_is_no_resting_rate(oslo: ZoneInfo) -> None:
    data = {
        "deepsleepduration": 3600,
        "lightsleepduration": 12600,
        "remsleepduration": 5400,
        "wakeupduration": 1800,
        "total_sleep_time": 21600,
        "hr_min": 49,
    }
    night = {"id": 5, "startdate": AT, "enddate": AT + 23_400, "data": data}
    found = parse("sleep", page(series=[night]), oslo)
    assert {one.type: one.value for one in found} == {
        "sleep_deep": 60,
        "sleep_light": 210,
        "sleep_rem": 90,
        "sleep_awake": 30,
        "sleep_asleep": 360,
        "sleep_heart_rate_min": 49,
    }


def test_night_of_another_source_has_no_stages_rather_than_zero(oslo: ZoneInfo) -> None:
    data = {"asleepduration": 21600, "deepsleepduration": None, "remsleepduration": None}
    night = {"startdate": AT, "enddate": AT + 23_400, "data": data}
    (one,) = parse("sleep", page(series=[night]), oslo)
    assert (one.type, one.value) == ("sleep_asleep", 360)


def test_incomplete_night_waits(oslo: ZoneInfo) -> None:
    data = {"total_sleep_time": 60}
    night = {"startdate": AT, "enddate": AT + 60, "completed": False, "data": data}
    assert parse("sleep", page(series=[night]), oslo) == []


@pytest.mark.parametrize(
    ("kind", "raw", "path"),
    [
        ("sleep", b'{"status":401,"body":{}}', "$.status"),
        ("sleep", b'{"status":0,"body":{}}', "$.body.series"),
        ("activity", b'{"status":0,"body":{"activities":[{}]}}', "$.body.activities[0].date"),
        (
            "activity",
            b'{"status":0,"body":{"activities":[{"date":"2026-06-22","timezone":"../x",'
            b'"steps":1}]}}',
            "$.body.activities[0].timezone",
        ),
        (
            "intraday",
            b'{"status":0,"body":{"series":{"noon":{"heart_rate":60}}}}',
            "$.body.series.noon (key)",
        ),
    ],
)
def test_wrong_shape_is_unusable_and_named(
    oslo: ZoneInfo, kind: str, raw: bytes, path: str
) -> None:
    with pytest.raises(Unusable) as fault:
        parse(kind, raw, oslo)
    assert fault.value.path == path
