"""Single elements of an export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement, RhythmNotification, SleepStage, Workout
from wearable_agg.vendors.apple.dates import span, zone_named
from wearable_agg.vendors.apple.pressures import Half
from wearable_agg.vendors.apple.quantities import (
    IDENTIFIERS,
    RHYTHM_EVENTS,
    SLEEP,
    SUMMARY,
    Quantity,
    stage_of,
)
from wearable_agg.vendors.apple.values import number, value_of
from wearable_agg.vendors.apple.workouts import TOTALS, statistics
from wearable_agg.vendors.days import Span, day_bounds
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.units import WrongUnit, converted

Attributes = Mapping[str, str]

SOURCE = "apple"
TYPED_IN, TIME_ZONE, THRESHOLD = "HKWasUserEntered", "HKTimeZone", "HKHeartRateEventThreshold"
READ_METADATA = frozenset({TYPED_IN, TIME_ZONE, THRESHOLD})

_DEVICE = re.compile(r"name:([^,>]*)(?:.*?hardware:([^>]*?)(?=, \w+:|>))?")


def record(row: Attributes, metadata: Attributes, path: str) -> Found | None:
    """Read a Record; None for a type that we do not keep. Raises Unusable."""
    kind = row.get("type", "")
    known = IDENTIFIERS.get(kind)
    if known is not None:
        place = f"{path}/@value"
        return Found(place, _measurement(row, metadata, known, path, place))
    if kind == SLEEP:
        return Found(f"{path}/@value", _stage(row, metadata, path))
    if kind in RHYTHM_EVENTS:
        return Found(path, _event(row, metadata, RHYTHM_EVENTS[kind], path))
    return None


def half(row: Attributes, metadata: Attributes, path: str) -> Half:
    """Read one value of a blood pressure. Raises Unusable."""
    return Half(
        kind=row["type"],
        value=_in(row.get("unit", ""), "mm[Hg]", attribute(row, "value", path), f"{path}/@value"),
        times=times_of(row, metadata, path),
        source_name=row.get("sourceName", ""),
        device=device_of(row),
        method=method_of(metadata),
        vendor_id="",
        path=path,
    )


def times_of(row: Attributes, metadata: Attributes, path: str) -> Span:
    """Read a row's times; the offset is of the zone that its metadata names. Raises Unusable."""
    zone = zone_named(metadata[TIME_ZONE], path) if TIME_ZONE in metadata else None
    return span(attribute(row, "startDate", path), attribute(row, "endDate", path), path, zone)


def _told_at(row: Attributes, path: str) -> datetime | None:
    """Return when the row was made; a value without that is not dated."""
    when = row.get("creationDate")
    return span(when, when, f"{path}/@creationDate").start if when else None


def attribute(row: Attributes, name: str, path: str) -> str:
    """Return an attribute that must be there; raises Unusable."""
    try:
        return row[name]
    except KeyError:
        raise Unusable(f"{path}/@{name}", "missing") from None


def device_of(row: Attributes) -> str:
    """Return name and hardware of the device, the source's name where none is told."""
    return _device(row.get("device", "")) or " ".join(row.get("sourceName", "").split())


def method_of(metadata: Attributes) -> str:
    """Return how a value came to be: typed in, or measured in a way that is not told."""
    return "manual" if metadata.get(TYPED_IN) == "1" else "unknown"


def _measurement(
    row: Attributes, metadata: Attributes, known: Quantity, path: str, place: str
) -> Measurement:
    times = times_of(row, metadata, path)
    text = attribute(row, "value", path)
    return Measurement(
        type=known.type,
        value=value_of(text, row.get("unit", ""), known, place),
        unit=known.unit,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(row),
        method=method_of(metadata),
        vendor_id="",
        statistic=known.statistic,
        told_at=_told_at(row, path),
    )


def _stage(row: Attributes, metadata: Attributes, path: str) -> SleepStage:
    times = times_of(row, metadata, path)
    return SleepStage(
        stage=stage_of(attribute(row, "value", path)),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(row),
        vendor_id="",
    )


def _event(row: Attributes, metadata: Attributes, rhythm: str, path: str) -> RhythmNotification:
    times = times_of(row, metadata, path)
    limit = metadata.get(THRESHOLD, "").split()
    return RhythmNotification(
        rhythm=rhythm,
        windows=(),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(row),
        vendor_id="",
        threshold=float(number(limit[0], path)) if limit else None,
    )


def activity_summary(row: Attributes, zone: ZoneInfo, path: str) -> Iterator[Found]:
    """Read a day's rings; the day is placed in `zone`, for none is told. Raises Unusable."""
    try:
        day = date.fromisoformat(attribute(row, "dateComponents", path))
    except ValueError:
        raise Unusable(f"{path}/@dateComponents", "not a date") from None
    if not 1970 < day.year < 2100:
        raise Unusable(f"{path}/@dateComponents", "a date beyond reason")
    start, end = day_bounds(day, zone)
    for name, known in SUMMARY.items():
        if name in row:
            unit = row.get(f"{name}Unit", known.vendor_unit)
            value = value_of(row[name], unit, known, f"{path}/@{name}")
            one = Measurement(
                type=known.type,
                value=value,
                unit=known.unit,
                start=start,
                end=end,
                offset_seconds=None,
                source=SOURCE,
                device="",
                method="derived",
                vendor_id="",
            )
            yield Found(f"{path}/@{name}", one)


def workout(
    row: Attributes, parts: list[Attributes], metadata: Attributes, path: str
) -> Iterator[Found]:
    """Read a Workout with the statistics inside it. Raises Unusable."""
    times = times_of(row, metadata, path)
    values: dict[str, tuple[float, str]] = {}
    for attribute_name, unit_name, name, unit in TOTALS:
        if attribute_name in row:
            where = f"{path}/@{attribute_name}"
            values[name] = _in(row.get(unit_name, ""), unit, row[attribute_name], where), unit
    for part in parts:
        values.update(statistics(part, f"{path}/WorkoutStatistics"))
    one = Workout(
        activity=row.get("workoutActivityType", "").removeprefix("HKWorkoutActivityType").lower(),
        values=values,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=device_of(row),
        vendor_id="",
        method=method_of(metadata),
    )
    yield Found(path, one)


def _in(vendor_unit: str, unit: str, text: str, path: str) -> float:
    try:
        return converted(number(text, path), vendor_unit, unit)
    except WrongUnit as fault:
        raise Unusable(path, str(fault)) from None


@lru_cache(maxsize=1024)
def _device(text: str) -> str:
    found = _DEVICE.search(text)
    if found is None:
        return ""
    name, hardware = found[1].strip(), (found[2] or "").strip()
    return f"{name} ({hardware})" if name and hardware else name or hardware
