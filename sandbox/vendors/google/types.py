"""The data types Google serves: their scope, their filters, their page sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.vendors.google import moving, points
from sandbox.vendors.google.errors import GoogleError
from sandbox.vendors.google.scopes import ACTIVITY, ECG, IRREGULAR, METRICS, SLEEP
from sandbox.vendors.world import World
from sandbox.wearer.days import Day
from sandbox.wearer.people import Wearer


@dataclass(frozen=True, slots=True)
class DataType:
    """One data type as its path names it."""

    path: str
    scope: str
    fields: tuple[str, ...]
    points: Callable[[World, Wearer, Day], Iterator[points.Timed]]
    default_page: int = 1440
    largest_page: int = 10000
    open_ended: bool = False
    rollup_days: int = 0
    webhook: bool = True


ROLLED_UP = {
    "distance": 90,
    "floors": 90,
    "active-energy-burned": 90,
    "active-zone-minutes": 90,
    "sedentary-period": 90,
    "total-calories": 14,
    "active-minutes": 14,
}
"""Types that are read as daily roll-ups, and for how many days Google answers at once."""

UNUSED_SAMPLES = (
    *("oxygen-saturation", "heart-rate-variability", "body-fat", "height", "blood-glucose"),
    *("core-body-temperature", "vo2-max", "run-vo2-max", "respiratory-rate-sleep-summary"),
)
NOT_NOTIFIED = frozenset(
    {"oxygen-saturation", "vo2-max", "core-body-temperature", "active-energy-burned"}
)


def _unused(path: str, scope: str, field: str) -> DataType:
    """A type of which the wearers have nothing."""
    fields = (f"{path.replace('-', '_')}.{field}",)
    notified = path not in NOT_NOTIFIED
    return DataType(path, scope, fields, points.nothing, webhook=notified)


def _rolled_up(path: str, days: int) -> DataType:
    fields = (f"{path.replace('-', '_')}.interval.start_time",)
    notified = path not in NOT_NOTIFIED
    return DataType(path, ACTIVITY, fields, points.nothing, rollup_days=days, webhook=notified)


TYPES = {
    kind.path: kind
    for kind in (
        DataType(
            "steps",
            ACTIVITY,
            ("steps.interval.start_time", "steps.interval.civil_start_time"),
            points.steps,
            rollup_days=90,
        ),
        DataType(
            "heart-rate",
            METRICS,
            ("heart_rate.sample_time.physical_time", "heart_rate.sample_time.civil_time"),
            points.heart_rate,
            rollup_days=14,
        ),
        DataType(
            "daily-resting-heart-rate",
            METRICS,
            ("daily_resting_heart_rate.date",),
            points.resting_heart_rate,
        ),
        DataType(
            "daily-heart-rate-variability",
            METRICS,
            ("daily_heart_rate_variability.date",),
            points.heart_rate_variability,
        ),
        DataType(
            "daily-oxygen-saturation",
            METRICS,
            ("daily_oxygen_saturation.date",),
            points.oxygen_saturation,
        ),
        DataType(
            "sleep",
            SLEEP,
            ("sleep.interval.end_time", "sleep.interval.civil_end_time"),
            points.sleep,
            default_page=25,
            largest_page=25,
        ),
        DataType(
            "electrocardiogram",
            ECG,
            ("electrocardiogram.interval.start_time",),
            points.electrocardiogram,
            open_ended=True,
            webhook=False,
        ),
        DataType(
            "irregular-rhythm-notification",
            IRREGULAR,
            ("irregular_rhythm_notification.interval.civil_start_time",),
            points.irregular_rhythm,
            webhook=False,
        ),
        DataType(
            "weight",
            METRICS,
            ("weight.sample_time.physical_time", "weight.sample_time.civil_time"),
            points.weight,
        ),
        DataType(
            "daily-respiratory-rate",
            METRICS,
            ("daily_respiratory_rate.date",),
            points.respiratory_rate,
        ),
        DataType(
            "exercise",
            ACTIVITY,
            ("exercise.interval.civil_start_time",),
            moving.exercise,
            default_page=25,
            largest_page=25,
        ),
        DataType(
            "activity-level",
            ACTIVITY,
            (
                "activity_level.interval.start_time",
                "activity_level.interval.civil_start_time",
            ),
            moving.activity_level,
        ),
        *(_rolled_up(path, days) for path, days in ROLLED_UP.items()),
        *(_unused(path, METRICS, "sample_time.physical_time") for path in UNUSED_SAMPLES),
        *(_unused(path, METRICS, "date") for path in ("daily-vo2-max",)),
        _unused("daily-sleep-temperature-derivations", SLEEP, "date"),
    )
}


def type_of(path: str) -> DataType:
    """Return the type that a path names; raises GoogleError."""
    if path not in TYPES:
        raise GoogleError(404, "NOT_FOUND", f"Unknown data type {path}")
    return TYPES[path]
