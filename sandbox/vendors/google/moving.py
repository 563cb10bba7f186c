"""A wearer's walks, and how active each stretch of a day was, as Google data points."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from sandbox.vendors.google.points import Timed
from sandbox.vendors.google.shapes import interval, physical, point, source
from sandbox.vendors.world import World
from sandbox.wearer.days import SLOT, Day
from sandbox.wearer.people import Wearer

WALK_EVERY_DAYS = 2
WALK_BEGINS = timedelta(hours=17, minutes=30)
WALK_SLOTS = 4
STEP_MILLIMETERS = 710

_LEVELS = ((600, "VERY_ACTIVE"), (250, "MODERATELY_ACTIVE"), (50, "LIGHTLY_ACTIVE"))
"""Steps in ten minutes from which on a stretch is of a level."""


def exercise(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield a walk on every second afternoon that the watch was worn, with a pause of a minute."""
    start = day.midnight + WALK_BEGINS
    first, last = WALK_BEGINS // SLOT, WALK_BEGINS // SLOT + WALK_SLOTS
    rates, steps = day.rates[first:last], int(day.steps[first:last].sum())
    wanted = day.date.toordinal() % WALK_EVERY_DAYS == 0 and rates.all() and steps
    if not wanted or day.slots_until(world.synced(wearer.id)) < last:
        return
    end = start + WALK_SLOTS * SLOT
    value = {
        "interval": interval(start, end, wearer),
        "exerciseType": "WALKING",
        "displayName": "Walk",
        "activeDuration": f"{int((end - start).total_seconds()) - 60}s",
        "metricsSummary": {
            "caloriesKcal": round(steps * 0.0006 * wearer.weight, 1),
            "distanceMillimeters": steps * STEP_MILLIMETERS,
            "steps": str(steps),
            "averageHeartRateBeatsPerMinute": str(round(float(rates.mean()))),
        },
    }
    yield start, point("exercise", physical(start), wearer, source(wearer), exercise=value)


def activity_level(world: World, wearer: Wearer, day: Day) -> Iterator[Timed]:
    """Yield how active each stretch of the day was, as far as the watch was worn."""
    worn = day.slots_until(world.synced(wearer.id))
    levels = [_level(int(day.steps[n])) if day.rates[n] else "" for n in range(worn)]
    first = 0
    for level, slots in groupby(levels):
        last = first + len(list(slots))
        if level:
            start, end = (day.midnight + n * SLOT for n in (first, last))
            value = {"interval": interval(start, end, wearer), "activityLevelType": level}
            key = physical(start)
            yield (
                start,
                point("activity-level", key, wearer, source(wearer), activityLevel=value),
            )
        first = last


def _level(steps: int) -> str:
    return next((level for least, level in _LEVELS if steps >= least), "SEDENTARY")
