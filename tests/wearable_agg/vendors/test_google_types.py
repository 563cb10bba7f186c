"""Google's data types beyond those of the first page: points, sessions, recordings, answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.wearable_agg.vendors.made_payloads import items_in
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import About, Refusal, TokensSeen, Verification

SAMPLE = {"sampleTime": {"physicalTime": "2026-06-22T08:00:00Z", "utcOffset": "7200s"}}
INTERVAL = {
    "interval": {
        "startTime": "2026-06-22T08:00:00Z",
        "endTime": "2026-06-22T08:15:00Z",
        "startUtcOffset": "7200s",
    }
}
DAY = {"date": {"year": 2026, "month": 6, "day": 22}}


def points(*listed: dict[str, Any], member: str = "dataPoints") -> Any:
    return items_in("google_health", json.dumps({member: list(listed)}))


@pytest.mark.parametrize(
    ("member", "value", "kind", "expected"),
    [
        ("distance", {"millimeters": "1234567", **INTERVAL}, "distance", 1234.567),
        ("floors", {"count": "3", **INTERVAL}, "floors", 3),
        ("activeEnergyBurned", {"kcal": 12.5, **INTERVAL}, "active_energy", 12.5),
        (
            "activeZoneMinutes",
            {"activeZoneMinutes": "2", "heartRateZone": "CARDIO", **INTERVAL},
            "active_zone_minutes",
            2,
        ),
        ("weight", {"weightGrams": 82400.5, **SAMPLE}, "weight", 82.4005),
        ("bodyFat", {"percentage": 30.4, **SAMPLE}, "body_fat", 30.4),
        ("height", {"heightMillimeters": "1755", **SAMPLE}, "height", 175.5),
        (
            "coreBodyTemperature",
            {"temperatureCelsius": 37.2, "measurementLocation": "EAR", **SAMPLE},
            "body_temperature",
            37.2,
        ),
        ("vo2Max", {"vo2Max": 41, **SAMPLE}, "vo2_max", 41),
        (
            "bloodGlucose",
            {"bloodGlucoseMilligramsPerDeciliter": 99, **SAMPLE},
            "blood_glucose",
            99,
        ),
        ("oxygenSaturation", {"percentage": 98.5, **SAMPLE}, "oxygen_saturation", 98.5),
        ("dailyRespiratoryRate", {"breathsPerMinute": 14.5, **DAY}, "respiratory_rate", 14.5),
    ],
)
def test_types_of_points(member: str, value: dict[str, Any], kind: str, expected: float) -> None:
    [one] = points({"name": "n", member: value})
    assert (one.type, one.value, one.vendor_id) == (kind, pytest.approx(expected), "n")


def test_both_statistics_of_variability() -> None:
    value = {
        "rootMeanSquareOfSuccessiveDifferencesMilliseconds": 45.5,
        "standardDeviationMilliseconds": 52.1,
        **SAMPLE,
    }
    found = {one.statistic: one.value for one in points({"heartRateVariability": value})}
    assert found == {"RMSSD": 45.5, "SDNN": 52.1}


def test_minutes_of_each_zone_are_told_apart() -> None:
    zones = ({"activeZoneMinutes": "1", "heartRateZone": z, **INTERVAL} for z in ("PEAK", "CARDIO"))
    found = points(*({"activeZoneMinutes": zone} for zone in zones))
    assert [one.statistic for one in found] == ["peak", "cardio"]


def test_breathing_in_each_stage_of_sleep() -> None:
    stats = {f"{of}SleepStats": {"breathsPerMinute": n} for n, of in ((14, "full"), (12, "deep"))}
    found = points({"respiratoryRateSleepSummary": {**stats, **SAMPLE}})
    assert {one.statistic: one.value for one in found} == {"sleep": 14, "deep sleep": 12}


def test_a_reconciled_point_has_another_name_and_another_wrapping() -> None:
    point = {"dataPointName": "r", "steps": {"count": "5", **INTERVAL}}
    [flat] = points(point)
    [wrapped] = points({"dataPoint": point}, member="reconciledDataPoints")
    assert flat == wrapped
    assert (flat.vendor_id, flat.offset_seconds) == ("r", 7200)


@pytest.mark.parametrize(
    ("member", "value", "kinds"),
    [
        ("distance", {"millimetersSum": "5000"}, {"distance": 5}),
        ("totalCalories", {"kcalSum": 2100.5}, {"total_energy": 2100.5}),
        (
            "heartRate",
            {"beatsPerMinuteAvg": 70, "beatsPerMinuteMin": 50, "beatsPerMinuteMax": 150},
            {"heart_rate_mean": 70, "heart_rate_min": 50, "heart_rate_max": 150},
        ),
    ],
)
def test_roll_ups(member: str, value: dict[str, Any], kinds: dict[str, float]) -> None:
    point = {"civilStartTime": DAY, "civilEndTime": DAY, member: value}
    found = points(point, member="rollupDataPoints")
    assert {one.type: one.value for one in found} == kinds
    assert {one.end - one.start for one in found} == {timedelta(days=1)}


def test_a_roll_up_over_an_hour() -> None:
    times = {"startTime": "2026-06-22T08:00:00Z", "endTime": "2026-06-22T09:00:00Z"}
    [one] = points({**times, "steps": {"countSum": "9"}}, member="rollupDataPoints")
    assert one.end - one.start == timedelta(hours=1)


def ecg(**changes: Any) -> Any:
    at = "2026-06-22T08:00:00Z"
    value = {
        "interval": {"startTime": at, "endTime": at},
        "resultClassification": "ATRIAL_FIBRILLATION",
        "samplingFrequencyHertz": 250,
        "millivoltsScalingFactor": 10922,
        "waveformSamples": [10922] * 7500,
        "medicalDeviceInfo": {"deviceModel": "Watch"},
        **changes,
    }
    [one] = points({"name": "e", "dataSource": {}, "electrocardiogram": value})
    return one


def test_an_ecg_lasts_as_long_as_its_samples_and_is_in_microvolts() -> None:
    one = ecg()
    assert one.end - one.start == timedelta(seconds=30)
    assert one.signal.microvolts()[0] == pytest.approx(1000)
    assert (one.verdict, one.vendor_verdict) == ("atrial_fibrillation", "ATRIAL_FIBRILLATION")


@pytest.mark.parametrize(
    ("told", "algorithm"),
    [
        ({}, ""),
        ({"featureVersion": "1.2"}, "feature 1.2"),
        ({"featureVersion": "1.2", "algorithmVersion": "3"}, "algorithm 3, feature 1.2"),
    ],
)
def test_an_ecg_says_which_algorithm_decided(told: dict[str, str], algorithm: str) -> None:
    assert ecg(medicalDeviceInfo={"deviceModel": "Watch", **told}).algorithm == algorithm


@pytest.mark.parametrize(
    ("missing", "flaw"),
    [
        ("millivoltsScalingFactor", "a waveform without scale"),
        ("samplingFrequencyHertz", "a waveform without rate"),
        ("waveformSamples", "no waveform"),
    ],
)
def test_without_scale_or_rate_the_verdict_stands_alone(missing: str, flaw: str) -> None:
    one = ecg(**{missing: None})
    assert (one.signal, one.flaw, one.verdict) == (None, flaw, "atrial_fibrillation")


def test_a_session_with_stages_and_time_out_of_bed() -> None:
    stage = {"startTime": "2026-06-22T21:00:00Z", "endTime": "2026-06-22T22:00:00Z"}
    session = {
        "interval": {**stage, "endTime": "2026-06-23T05:00:00Z"},
        "stages": [{**stage, "type": kind} for kind in ("DEEP", "RESTLESS", "HIBERNATION")],
        "outOfBedSegments": [stage],
    }
    found = [one for one in points({"sleep": session}) if hasattr(one, "stage")]
    assert [one.stage for one in found] == ["deep", "restless", "hibernation", "out_of_bed"]


def test_exercise() -> None:
    session = {
        "exerciseType": "WALKING",
        **INTERVAL,
        "metricsSummary": {
            "caloriesKcal": 90,
            "distanceMillimeters": 1_500_000,
            "averageHeartRateBeatsPerMinute": "110",
        },
    }
    [one] = points({"exercise": session})
    assert one.activity == "walking"
    assert one.values["distance"] == (1500, "m")
    assert one.values["heart_rate_mean"] == (110, "/min")
    assert [(each.type, each.value, each.unit) for each in one.measurements()] == [
        ("workout", 15, "min"),
        ("workout_active_energy", 90, "kcal"),
        ("workout_distance", 1500, "m"),
        ("workout_heart_rate_mean", 110, "/min"),
    ]


def said(**document: Any) -> Any:
    return items_in("google_health", json.dumps(document))


def test_answers_that_are_no_data() -> None:
    assert said(type="verification") == [Verification()]
    assert said(access_token="s", expires_in=3599, scope="a b") == [
        TokensSeen("", 3599, ("a", "b"), False)
    ]
    [broken] = said(error="invalid_grant", error_description="Token has been revoked.")
    assert isinstance(broken, Refusal)
    assert broken.remedy == "ask the person to link again"
    [device] = said(pairedDevices=[{"name": "users/me/pairedDevices/1", "displayName": "Watch"}])
    assert device == About("device", {"name": "users/me/pairedDevices/1", "displayName": "Watch"})


def test_a_batch_of_notices_for_types_that_we_do_not_fetch_too() -> None:
    entry = {
        "healthUserId": "4",
        "operation": "DELETE",
        "dataType": "weight",
        "recordId": "r",
        "intervals": [{"physicalTimeInterval": INTERVAL["interval"]}],
    }
    first, second = items_in("google_health", json.dumps([{"data": entry}, {"data": entry}]))
    assert first == second
    assert (first.notification.action, first.notification.kinds) == ("deleted", ("weight",))
    assert first.notification.window.start == datetime(2026, 6, 22, 8, tzinfo=UTC)
    assert first.said["recordId"] == "r"


def levels(found: Any) -> dict[tuple[str, str], float]:
    return {(one.type, one.statistic): one.value for one in found}


def test_active_minutes_come_by_level() -> None:
    listed = [
        {"activityLevel": "LIGHT", "activeMinutes": "11"},
        {"activityLevel": "VIGOROUS", "activeMinutes": "3"},
        {"activityLevel": "ACTIVITY_LEVEL_UNSPECIFIED", "activeMinutes": "9"},
    ]
    found = points({"activeMinutes": {"activeMinutesByActivityLevel": listed, **INTERVAL}})
    assert levels(found) == {("activity_light", ""): 11, ("activity_intense", ""): 3}


def test_sitting_and_levels_last_as_long_as_their_stretch() -> None:
    stretches = (
        {"sedentaryPeriod": INTERVAL},
        {"activityLevel": {"activityLevelType": "SEDENTARY", **INTERVAL}},
        {"activityLevel": {"activityLevelType": "MODERATELY_ACTIVE", **INTERVAL}},
        {"activityLevel": {"activityLevelType": "ACTIVITY_LEVEL_TYPE_UNSPECIFIED", **INTERVAL}},
    )
    assert levels(points(*stretches)) == {
        ("activity_sedentary", ""): 15,
        ("activity_sedentary", "level"): 15,
        ("activity_moderate", "level"): 15,
    }


@pytest.mark.parametrize(
    ("member", "value", "expected"),
    [
        (
            "activeMinutes",
            {
                "activeMinutesRollupByActivityLevel": [
                    {"activityLevel": "MODERATE", "activeMinutesSum": "15"}
                ]
            },
            {("activity_moderate", ""): 15},
        ),
        ("sedentaryPeriod", {"durationSum": "28680s"}, {("activity_sedentary", ""): 478}),
        (
            "activityLevel",
            {
                "activityLevelRollupsByActivityLevelType": [
                    {"activityLevelType": "VERY_ACTIVE", "totalDuration": "90.5s"}
                ]
            },
            {("activity_intense", "level"): pytest.approx(90.5 / 60)},
        ),
        (
            "activeZoneMinutes",
            {"sumInFatBurnHeartZone": "10", "sumInPeakHeartZone": "4"},
            {("active_zone_minutes", "fat_burn"): 10, ("active_zone_minutes", "peak"): 4},
        ),
    ],
)
def test_activity_rolled_up_by_day(member: str, value: Any, expected: Any) -> None:
    day = {"date": {"year": 2026, "month": 6, "day": 22}}
    assert levels(points({"civilStartTime": day, member: value}, member="rollupDataPoints")) == (
        expected
    )


@pytest.mark.parametrize("duration", ["", "5", "-5s", "1e9s", "99999999s", "5m"])
def test_a_duration_that_is_none_is_refused(duration: str) -> None:
    day = {"date": {"year": 2026, "month": 6, "day": 22}}
    point = {"civilStartTime": day, "sedentaryPeriod": {"durationSum": duration}}
    with pytest.raises(Unusable, match="not a duration"):
        points(point, member="rollupDataPoints")
