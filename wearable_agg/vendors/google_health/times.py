"""How Google writes times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from fractions import Fraction

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import (
    Span,
    plausible,
    written_instant,
    written_offset,
)
from wearable_agg.vendors.errors import Unusable

_DURATION = re.compile(r"(\d{1,7}(?:\.\d{1,9})?)s")


def interval(times: Part) -> Span:
    """Read {startTime, endTime, startUtcOffset, ...}; raises Unusable."""
    start = instant(times.member("startTime"))
    end = instant(times.member("endTime"))
    offset = utc_offset(times.find("startUtcOffset"))
    if end < start:
        raise Unusable(times.path, "ends before it starts")
    return Span(start, end, offset)


def sample(times: Part) -> Span:
    """Read {physicalTime, utcOffset} as a stretch without length; raises Unusable."""
    at = instant(times.member("physicalTime"))
    return Span(at, at, utc_offset(times.find("utcOffset")))


def seconds_of(part: Part) -> Fraction:
    """Read a duration, written "90.5s"; raises Unusable."""
    found = _DURATION.fullmatch(part.text())
    if found is None:
        raise Unusable(part.path, "not a duration")
    return Fraction(found[1])


def instant(part: Part) -> datetime:
    """Read RFC 3339; raises Unusable."""
    return written_instant(part.text(), part.path)


def utc_offset(part: Part | None) -> int | None:
    """Read a UTC offset in seconds, written "3600s" or "+01:00"; raises Unusable."""
    return None if part is None else written_offset(part.text(), part.path)


def civil_date(part: Part) -> date:
    """Read {year, month, day}; raises Unusable."""
    year, month, day = (part.member(name).integer() for name in ("year", "month", "day"))
    try:
        midnight = datetime(year, month, day, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unusable(part.path, "not a date") from None
    if not plausible(midnight):
        raise Unusable(part.path, "a date beyond reason")
    return midnight.date()


def civil_time(part: Part) -> datetime:
    """Read a civil date and time, as if it were UTC; absent parts are zero. Raises Unusable."""
    day = civil_date(part.member("date"))
    clock = part.find("time")
    parts = [clock.find(name) if clock else None for name in ("hours", "minutes", "seconds")]
    hours, minutes, seconds = (one.integer() if one else 0 for one in parts)
    try:
        return datetime(day.year, day.month, day.day, hours, minutes, seconds, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unusable(part.path, "not a time") from None


def written_civil_time(part: Part) -> datetime:
    """Read an ISO 8601 civil date and time, as if it were UTC. Raises Unusable."""
    try:
        value = datetime.fromisoformat(part.text()).replace(tzinfo=UTC)
    except ValueError:
        raise Unusable(part.path, "not a time") from None
    if not plausible(value):
        raise Unusable(part.path, "a time beyond reason")
    return value
