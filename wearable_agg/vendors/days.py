"""Calendar days of an account, and windows cut into spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.protocol import Window


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when (aware UTC), and the UTC offset there where the vendor tells it."""

    start: datetime
    end: datetime
    offset_seconds: int | None


EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Outside of these an answer's time is a fault, and reckoning with it could overflow."""


LOWEST_OFFSET, HIGHEST_OFFSET = -12 * 3600, 14 * 3600
"""Every UTC offset that a place on Earth keeps lies between these."""

_WEST, _EAST = timedelta(seconds=LOWEST_OFFSET), timedelta(seconds=HIGHEST_OFFSET)
_FIRST_YEAR, _LAST_YEAR = EARLIEST.year, LATEST.year - 1
"""Strictly between these a time is plausible in every zone."""

_SECONDS = re.compile(r"([+-]?\d{1,6})(?:\.\d+)?s")
_CLOCK = re.compile(r"([+-])(\d\d):(\d\d)")
_LEAP_SECOND = re.compile(r"(?<=:\d\d:)60(?:\.\d+)?(?!\d)")


def written_instant(text: str, path: str) -> datetime:
    """Read an ISO 8601 time with its offset; raises Unusable.

    A leap second is the last millisecond of its minute.
    """
    moment = moment_with_offset(text, path)
    return moment.astimezone(UTC)


def moment_with_offset(text: str, path: str) -> datetime:
    """Read an ISO 8601 time and keep its offset; raises Unusable."""
    try:
        value = datetime.fromisoformat(_LEAP_SECOND.sub("59.999", text) if ":60" in text else text)
    except ValueError:
        raise Unusable(path, "not a time") from None
    shift = value.utcoffset()
    if shift is None:
        raise Unusable(path, "a time without offset")
    if not _WEST <= shift <= _EAST:
        raise Unusable(path, "not an offset")
    if not _FIRST_YEAR < value.year < _LAST_YEAR and not plausible(value):
        raise Unusable(path, "a time beyond reason")
    return value


def written_offset(text: str, path: str) -> int:
    """Read a UTC offset in seconds, written "3600s" or "+01:00"; raises Unusable."""
    seconds = None
    if found := _SECONDS.fullmatch(text):
        seconds = int(found[1])
    elif found := _CLOCK.fullmatch(text):
        seconds = (int(found[2]) * 3600 + int(found[3]) * 60) * (-1 if found[1] == "-" else 1)
    if seconds is None or not LOWEST_OFFSET <= seconds <= HIGHEST_OFFSET:
        raise Unusable(path, "not an offset")
    return seconds


def plausible(instant: datetime) -> bool:
    """Tell whether an aware instant can be the time of a measurement."""
    return EARLIEST <= instant < LATEST


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a local day's beginning and end, both midnights, as aware UTC."""
    start, end = (
        datetime.combine(edge, time(), zone).astimezone(UTC) for edge in (day, day + timedelta(1))
    )
    return start, end


def offset_at(instant: datetime, zone: ZoneInfo) -> int:
    """Return the zone's UTC offset in seconds at an instant."""
    shift = instant.astimezone(zone).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def dates_touched(window: Window) -> tuple[date, date]:
    """Return the first and last calendar date that the window can touch in any time zone."""
    last = window.end - timedelta(microseconds=1)
    return (
        (window.start - timedelta(hours=12)).astimezone(UTC).date(),
        (last + timedelta(hours=14)).astimezone(UTC).date(),
    )


def cut(window: Window, length: timedelta) -> list[Window]:
    """Cut a window into spans of at most `length`, newest first."""
    spans = []
    end = window.end
    while end > window.start:
        start = max(window.start, end - length)
        spans.append(Window(start, end))
        end = start
    return spans


def whole_days(window: Window) -> list[Window]:
    """Return the UTC days that the window touches, newest first."""
    day = timedelta(days=1)
    start = datetime.combine(window.start.astimezone(UTC).date(), time(), UTC)
    spans = []
    while start < window.end:
        spans.append(Window(start, start + day))
        start += day
    return spans[::-1]
