"""Withings' days, and what happened within them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Workout
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.withings.quantities import ACTIVITY, INTRADAY, WORKOUT
from wearable_agg.vendors.withings.rows import SOURCE, device_of, found, identifier
from wearable_agg.vendors.withings.values import (
    date_of,
    day_span,
    moment,
    own_zone,
    span_between,
)

_LONGEST_ENTRY = 86_400


def activity(body: Part, zone: ZoneInfo) -> Iterator[Found]:
    """Read days; where a day has several rows, the one a Withings device made stands for it."""
    rows: dict[date, Part] = {}
    for row in body.member("activities").items():
        day = date_of(row.member("date"))
        if day not in rows or _tracked(row):
            rows[day] = row
    for row in rows.values():
        span = day_span(row, zone)
        method = "passive" if _tracked(row) else "unknown"
        for field, one in ACTIVITY.items():
            if number := row.find(field):
                yield found(one, number, span, device_of(row), method)


def intraday(body: Part) -> Iterator[Found]:
    """Read entries keyed by epoch second; RMSSD comes several times a night."""
    series = body.member("series")
    if series.value == []:  # an empty object, as PHP writes it
        return
    for key, entry in series.members():
        at = moment(Part(key, f"{entry.path} (key)"))
        duration = entry.find("duration")
        seconds = duration.integer() if duration else 0
        if duration and not 0 <= seconds <= _LONGEST_ENTRY:
            raise Unusable(duration.path, "not a duration within a day")
        whole = Span(at.start, at.start + timedelta(seconds=seconds), None)
        for field, one in INTRADAY.items():
            if number := entry.find(field):
                yield found(one, number, whole if one.whole else at, device_of(entry), "passive")


def workouts(body: Part) -> Iterator[Found]:
    """Read sessions of exercise; `activity` is Withings' number of the category."""
    for row in body.member("series").items():
        span = span_between(row.member("startdate"), row.member("enddate"), own_zone(row))
        data = row.find("data")
        values = {
            one.type: (one.value(number), one.unit)
            for field, one in WORKOUT.items()
            if data is not None and (number := data.find(field))
        }
        session = Workout(
            activity=f"category {row.member('category').integer()}",
            values=values,
            start=span.start,
            end=span.end,
            offset_seconds=span.offset_seconds,
            source=SOURCE,
            device=device_of(row),
            vendor_id=identifier(row, "id"),
        )
        yield Found(row.path, session)


def _tracked(row: Part) -> bool:
    tracked = row.find("is_tracker")
    return tracked is None or tracked.flag()
