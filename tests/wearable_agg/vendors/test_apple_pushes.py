"""What companion apps push."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.wearable_agg.vendors.made_payloads import found_in, items_in, pushed, synced
from wearable_agg.measurements.model import BloodPressure
from wearable_agg.vendors.findings import Quarantined

AT = "2026-06-17 08:00:00 +0800"


def point(name: str, unit: str, **members: object) -> Any:
    return items_in("apple", pushed((name, unit, {"date": AT, **members})))


@pytest.mark.parametrize(
    "written",
    [
        "2026-06-17 08:00:00 +0800",
        "2026-06-17 8:00:00 AM +0800",
        "2026-06-17 8:00:00\u202fAM +0800",
        "2026-06-17T08:00:00+08:00",
        "2026-06-17T00:00:00Z",
    ],
)
def test_times_of_every_locale(written: str) -> None:
    [one] = items_in("apple", pushed(("step_count", "count", {"qty": 5, "date": written})))
    assert one.start == datetime(2026, 6, 17, tzinfo=UTC)


def test_noon_and_midnight_of_twelve_hours() -> None:
    for written, hour in (("12:30:00 AM", 0), ("12:30:00 PM", 12), ("1:30:00 PM", 13)):
        when = f"2026-06-17 {written} +0000"
        [one] = items_in("apple", pushed(("step_count", "count", {"qty": 5, "date": when})))
        assert one.start.hour == hour


@pytest.mark.parametrize(
    ("name", "unit", "qty", "kind", "value"),
    [
        ("weight_body_mass", "lb", 154.3236, "weight", 70.0),
        ("walking_running_distance", "mi", 1, "distance", 1609.344),
        ("active_energy", "kJ", 418.4, "active_energy", 100),
        ("body_temperature", "degF", 98.6, "body_temperature", 37),
        ("blood_oxygen_saturation", "%", 97, "oxygen_saturation", 97),
        ("body_fat_percentage", "%", 30.4, "body_fat", 30.4),
        ("heart_rate_variability", "ms", 41, "hrv", 41),
        ("vo2max", "ml/(kg·min)", 38, "vo2_max", 38),
    ],
)
def test_units_follow_the_users_settings(
    name: str, unit: str, qty: float, kind: str, value: float
) -> None:
    [one] = point(name, unit, qty=qty)
    assert one.type == kind
    assert one.value == pytest.approx(value, rel=1e-6)


def test_a_rate_over_time_has_three_values_and_a_single_one_has_one() -> None:
    spread = point("heart_rate", "bpm", Min=60, Avg=70, Max=90)
    assert {one.type: one.value for one in spread} == {
        "heart_rate_min": 60,
        "heart_rate_mean": 70,
        "heart_rate_max": 90,
    }
    [single] = point("heart_rate", "count/min", Min=60, Avg=60, Max=60)
    assert (single.type, single.value) == ("heart_rate", 60)


def test_pressure_is_one_reading() -> None:
    [one] = point("blood_pressure", "mmHg", systolic=121, diastolic=78)
    assert isinstance(one, BloodPressure)
    assert [value.type for value in one.measurements()] == [
        "blood_pressure_systolic",
        "blood_pressure_diastolic",
    ]


def test_a_night_in_hours_and_a_stage() -> None:
    night = {
        "sleepStart": "2026-06-16 23:00:00 +0200",
        "sleepEnd": "2026-06-17 07:00:00 +0200",
        "inBedStart": "2026-06-16 22:30:00 +0200",
        "inBedEnd": "2026-06-17 07:10:00 +0200",
        "totalSleep": 7.5,
        "deep": 1.25,
        "inBed": 8.5,
    }
    found = {one.type: one for one in point("sleep_analysis", "hr", **night)}
    assert {kind: one.value for kind, one in found.items()} == {
        "sleep_deep": 75,
        "sleep_asleep": 450,
        "sleep_in_bed": 510,
    }
    assert found["sleep_in_bed"].start < found["sleep_deep"].start
    stage = {
        "startDate": "2026-06-16 23:00:00 +0200",
        "endDate": "2026-06-16 23:30:00 +0200",
        "value": "Core",
    }
    [one] = items_in("apple", pushed(("sleep_analysis", "hr", stage)))
    assert one.stage == "light"


def test_a_notice_of_a_rate() -> None:
    notice = {
        "start": AT,
        "end": AT,
        "threshold": 120,
        "heartRate": [{"qty": 131, "date": AT}],
    }
    [one] = items_in("apple", json.dumps({"data": {"heartRateNotifications": [notice]}}))
    assert (one.rhythm, one.threshold, one.windows[0].beats[0].rate) == ("high_rate", 120, 131)


def test_one_spoiled_point_does_not_cost_the_others() -> None:
    points = [{"qty": 1, "date": AT}, {"qty": 2, "date": "noon"}, {"qty": 3, "date": AT}]
    metric = {"name": "step_count", "units": "count", "data": points}
    found = found_in("apple", json.dumps({"data": {"metrics": [metric]}}))
    assert [isinstance(one.item, Quarantined) for one in found] == [False, True, False]
    assert found[1].path == "$.data.metrics[0].data[1].date"


def test_healthkits_share_of_one_and_another_providers_percent() -> None:
    kind = "HKQuantityTypeIdentifierBodyFatPercentage"
    for provider, value in (("apple", 0.304), ("samsung", 30.4)):
        [one] = items_in("apple", synced(provider, type=kind, unit="%", value=value))
        assert one.value == pytest.approx(30.4)


def test_healthkits_uuid_and_the_zone_beside_the_times() -> None:
    [one] = items_in("apple", synced(zoneOffset="+02:00"))
    assert (one.vendor_id, one.offset_seconds) == ("A1", 7200)
    [one] = items_in("apple", synced())
    assert one.offset_seconds is None


def test_pushed_halves_of_a_pressure_are_joined() -> None:
    times = {"startDate": "2026-03-15T08:00:00Z", "endDate": "2026-03-15T08:00:00Z"}
    halves = [
        {
            "id": of,
            "type": f"HKQuantityTypeIdentifierBloodPressure{of}",
            "unit": "mmHg",
            "value": value,
            **times,
        }
        for of, value in (("Systolic", 121), ("Diastolic", 78))
    ]
    [one] = items_in("apple", json.dumps({"data": {"records": halves}}))
    assert (one.systolic, one.diastolic) == (121, 78)
