"""Google's exercise sessions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Workout
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.google_health.source import SOURCE, Origin
from wearable_agg.vendors.google_health.times import interval, seconds_of

_SUMMARY = {
    "caloriesKcal": ("active_energy", "kcal", Fraction(1)),
    "distanceMillimeters": ("distance", "m", Fraction(1, 1000)),
    "steps": ("steps", "{steps}", Fraction(1)),
    "averageHeartRateBeatsPerMinute": ("heart_rate_mean", "/min", Fraction(1)),
}


def exercise(record: Part, origin: Origin, zone: ZoneInfo) -> Iterator[Workout]:
    """Read a session and its summary. Raises Unusable."""
    times = interval(record.member("interval"))
    summary = record.find("metricsSummary")
    values = {
        name: (float(Fraction(number.number()) * factor), unit)
        for field, (name, unit, factor) in _SUMMARY.items()
        if summary is not None and (number := summary.find(field))
    }
    if active := record.find("activeDuration"):
        values["duration"] = float(seconds_of(active)), "s"
    yield Workout(
        activity=text_of(record.find("exerciseType")).lower(),
        values=values,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=origin.device,
        vendor_id=origin.vendor_id,
        method=origin.method,
    )
