"""Google's stretches of activity: minutes by level, sitting, and the level of each stretch.

Fields and words: Google Health API v4, ActiveMinutes, SedentaryPeriod, ActivityLevel and their
roll-up values (developers.google.com/health/reference/rest/v4). Active minutes and activity levels
are two reckonings of the same time: the statistic tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.google_health.source import Origin
from wearable_agg.vendors.google_health.times import interval, seconds_of

Told = Iterator[tuple[str, str, Fraction]]
"""Type, statistic and minutes."""

BY_MINUTES = {
    "LIGHT": "activity_light",
    "MODERATE": "activity_moderate",
    "VIGOROUS": "activity_intense",
}
"""Levels of active minutes."""

BY_LEVEL = {
    "SEDENTARY": "activity_sedentary",
    "LIGHTLY_ACTIVE": "activity_light",
    "MODERATELY_ACTIVE": "activity_moderate",
    "VERY_ACTIVE": "activity_intense",
}
"""Levels of a stretch; of one without a level nothing is kept."""

LEVEL = "level"
"""The statistic of what activity levels tell."""

SITTING = "activity_sedentary"


def active_minutes(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read the active minutes of a stretch, by level. Raises Unusable."""
    times = interval(record.member("interval"))
    listed = record.find("activeMinutesByActivityLevel")
    told = _by_minutes(listed, "activeMinutes") if listed else iter(())
    return measured(told, times, origin)


def sedentary_period(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read a stretch of sitting. Raises Unusable."""
    times = interval(record.member("interval"))
    return measured(iter([(SITTING, "", _length(times))]), times, origin)


def activity_level(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read the level of a stretch. Raises Unusable."""
    times = interval(record.member("interval"))
    kind = BY_LEVEL.get(text_of(record.find("activityLevelType")))
    told = [(kind, LEVEL, _length(times))] if kind else []
    return measured(iter(told), times, origin)


def measured(told: Told, times: Span, origin: Origin) -> Iterator[Measurement]:
    """Return what is told of a stretch of time."""
    for kind, statistic, minutes in told:
        value, offset = float(minutes), times.offset_seconds
        yield origin.measurement(kind, value, "min", times.start, times.end, offset, statistic)


def _rolled_minutes(value: Part) -> Told:
    return _by_minutes(value.member("activeMinutesRollupByActivityLevel"), "activeMinutesSum")


def _rolled_sitting(value: Part) -> Told:
    yield SITTING, "", _minutes(value.member("durationSum"))


def _rolled_levels(value: Part) -> Told:
    for one in value.member("activityLevelRollupsByActivityLevelType").items():
        if kind := BY_LEVEL.get(text_of(one.find("activityLevelType"))):
            yield kind, LEVEL, _minutes(one.member("totalDuration"))


READERS: dict[str, Callable[[Part, Origin, ZoneInfo], Iterator[Measurement]]] = {
    "activeMinutes": active_minutes,
    "sedentaryPeriod": sedentary_period,
    "activityLevel": activity_level,
}
"""Readers of data points, by their member."""

ROLLED: dict[str, Callable[[Part], Told]] = {
    "activeMinutes": _rolled_minutes,
    "sedentaryPeriod": _rolled_sitting,
    "activityLevel": _rolled_levels,
}
"""Readers of roll-ups, by their member."""


def _by_minutes(listed: Part, field: str) -> Told:
    for one in listed.items():
        if kind := BY_MINUTES.get(text_of(one.find("activityLevel"))):
            yield kind, "", Fraction(one.member(field).number())


def _length(times: Span) -> Fraction:
    return Fraction((times.end - times.start).total_seconds()) / 60


def _minutes(part: Part) -> Fraction:
    return seconds_of(part) / 60
