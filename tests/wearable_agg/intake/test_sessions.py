"""Workouts and levels of activity, from Google's answer to what is kept; sessions told again."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.backend import link_person
from tests.support.exports import sharing_person
from wearable_agg.intake import inbox
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.processing import Worker
from wearable_agg.people.consents import revoke
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.google_health.vendor import GoogleHealth

NAME = "users/me/dataTypes/exercise/dataPoints/42"
KEPT = """
    SELECT type, statistic, value, (start / 1000000) % 86400, ("end" / 1000000) % 86400
    FROM measurements JOIN series ON series.id = series_id ORDER BY type, start
"""
EIGHT, HALF_PAST, NINE = 8 * 3600, 8 * 3600 + 1800, 9 * 3600


def walk(start="08:00", end="08:30", kind="WALKING", summary=None, name=NAME):
    return {
        "name": name,
        "dataSource": {
            "platform": "FITBIT",
            "recordingMethod": "ACTIVELY_MEASURED",
            "device": {"displayName": "Pixel Watch 3"},
        },
        "exercise": {
            "interval": {
                "startTime": f"2026-06-22T{start}:00Z",
                "startUtcOffset": "7200s",
                "endTime": f"2026-06-22T{end}:00Z",
                "endUtcOffset": "7200s",
            },
            "exerciseType": kind,
            "displayName": "Walk",
            "activeDuration": "1710s",
            "metricsSummary": summary
            or {
                "caloriesKcal": 130.5,
                "distanceMillimeters": 2_450_000,
                "steps": "3400",
                "averageHeartRateBeatsPerMinute": "112",
            },
        },
    }


@pytest.fixture
def told(world):
    """Let Google tell points of a kind; each call is an answer of its own."""
    account = link_person(world)
    sharing_person(world)
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET vendor = 'google_health'")
    worker = Worker(
        world.engine, world.vault, {"google_health": GoogleHealth()}, DayTotals({"sandbox": 14})
    )

    def told(*points, kind="exercise", work=True, raw=None):
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="google_health",
                account_id=account,
                kind=kind,
                raw=(raw or json.dumps({"dataPoints": list(points)})).encode(),
                job_id=9 if raw else None,
            )
        while work and worker.step():
            pass

    return told


def test_a_workout_is_kept_with_its_summary(world, told):
    told(walk())
    assert world.rows(KEPT) == [
        ("workout", "walking", 28.5, EIGHT, HALF_PAST),
        ("workout_active_energy", "walking", 130.5, EIGHT, HALF_PAST),
        ("workout_distance", "walking", 2450.0, EIGHT, HALF_PAST),
        ("workout_heart_rate_mean", "walking", 112.0, EIGHT, HALF_PAST),
        ("workout_steps", "walking", 3400.0, EIGHT, HALF_PAST),
    ]
    origin = "SELECT DISTINCT device, method, offset_seconds, vendor_id FROM measurements, origins"
    assert world.rows(origin) == [("Pixel Watch 3", "active", 7200, NAME)]


def test_the_same_workout_again_changes_nothing(world, told):
    told(walk())
    told(walk())
    assert world.rows("SELECT DISTINCT version FROM measurements") == [(1,)]
    assert world.rows("SELECT count(*) FROM measurement_history") == [(0,)]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_workout_that_is_moved_or_renamed_stands_once(world, told, at_once):
    told(walk(), walk("10:00", "10:30", name="other"), work=not at_once)
    told(walk("08:30", "09:00", "HIKING", {"steps": "3500"}))
    assert world.rows(KEPT)[:2] == [
        ("workout", "hiking", 28.5, HALF_PAST, NINE),
        ("workout", "walking", 28.5, 10 * 3600, 10 * 3600 + 1800),
    ]
    [(mine,)] = world.rows("SELECT count(*) FROM measurements WHERE vendor_id = ?", NAME)
    assert mine == 2
    [(before,)] = world.rows("SELECT count(*) FROM measurement_history WHERE retracted")
    assert before == (0 if at_once else 5)


def test_what_is_no_longer_shared_is_not_taken_back_for_that(world, told):
    told(walk())
    with writing(world.engine) as connection:
        revoke(connection, 1, ["heart_rate"])
    told(walk())
    assert ("workout_heart_rate_mean", "walking", 112.0, EIGHT, HALF_PAST) in world.rows(KEPT)


def test_an_answer_worked_on_again_later_does_not_bring_back_what_was_moved(world, told):
    told(walk(), work=False)
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE inbox SET state = 'dead'")
    told(walk("08:30", "09:00"))
    with writing(world.engine) as connection:
        connection.exec_driver_sql(
            "UPDATE inbox SET state = 'new', replayed = true WHERE state = 'dead'"
        )
    told()
    assert [row[:4] for row in world.rows(KEPT)][:1] == [("workout", "walking", 28.5, HALF_PAST)]
    assert world.rows("SELECT count(*) FROM measurements") == [(5,)]


def level(end, kind="SEDENTARY"):
    return {
        "name": "users/me/dataTypes/activity-level/dataPoints/7",
        "activityLevel": {
            "interval": {"startTime": "2026-06-22T08:00:00Z", "endTime": f"2026-06-22T{end}:00Z"},
            "activityLevelType": kind,
        },
    }


def test_a_stretch_of_a_level_grows(world, told):
    told(level("08:30"), kind="activity-level")
    told(level("09:00"), kind="activity-level")
    assert world.rows(KEPT) == [("activity_sedentary", "level", 60.0, EIGHT, NINE)]


def night(*stages, processed=True):
    """A night from 22:00 UTC on: stages and their minutes, one after the other."""
    parts, at = [], datetime(2026, 6, 21, 22, tzinfo=UTC)
    for stage, minutes in stages:
        end = at + timedelta(minutes=minutes)
        edges = {"startTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        parts.append({"type": stage, **edges})
        at = end
    interval = {"startTime": "2026-06-21T22:00:00Z", "endTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return {
        "name": "users/me/dataTypes/sleep/dataPoints/5",
        "sleep": {"interval": interval, "stages": parts, "metadata": {"processed": processed}},
    }


STRETCHES = """
    SELECT statistic, value FROM measurements JOIN series ON series.id = series_id
    WHERE type = 'sleep_stage' ORDER BY start
"""


def test_a_night_is_kept_stretch_by_stretch_beside_its_minutes(world, told):
    told(night(("LIGHT", 50), ("DEEP", 40), ("LIGHT", 20)), kind="sleep")
    assert world.rows(STRETCHES) == [("light", 50.0), ("deep", 40.0), ("light", 20.0)]
    minutes = {row[0]: row[2] for row in world.rows(KEPT) if row[0] != "sleep_stage"}
    assert minutes == {"sleep_light": 70.0, "sleep_deep": 40.0, "sleep_asleep": 110.0}


def test_a_night_that_is_processed_anew_stands_once(world, told):
    told(night(("LIGHT", 50), ("DEEP", 40), ("LIGHT", 20)), kind="sleep")
    told(night(("DEEP", 5), processed=False), kind="sleep")
    told(night(("LIGHT", 60), ("DEEP", 45)), kind="sleep")
    assert world.rows(STRETCHES) == [("light", 60.0), ("deep", 45.0)]
    minutes = {row[0]: row[2] for row in world.rows(KEPT) if row[0] != "sleep_stage"}
    assert minutes == {"sleep_light": 60.0, "sleep_deep": 45.0, "sleep_asleep": 105.0}


def test_a_night_of_many_stretches_counts_as_one_when_it_is_deleted(world, told):
    told(night(*[("LIGHT", 3), ("DEEP", 3)] * 40), kind="sleep")
    window = [to_micros(datetime(2026, 6, day, tzinfo=UTC)) for day in (20, 24)]
    whole = json.dumps({"job": 9, "kind": "sleep", "window": window})
    told(raw=whole, kind="@whole")
    assert world.rows("SELECT count(*) FROM measurements") == [(0,)]
    assert world.rows("SELECT reason FROM inbox WHERE kind = '@whole'") == [
        ("83 values taken back",)
    ]


def test_activity_that_is_not_shared_is_refused(world, told):
    with writing(world.engine) as connection:
        revoke(connection, 1, ["activity", "heart_rate"])
    told(walk())
    assert world.rows(KEPT) == []
    assert world.rows("SELECT reason FROM inbox") == [("5 x no consent",)]
