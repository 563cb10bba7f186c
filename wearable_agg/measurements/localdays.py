"""The person's local days on the UTC axis: 23, 24 or 25 hours long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from wearable_agg.store.clock import from_micros, to_micros

_HALF_DAY = timedelta(hours=12)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span in which the zone's UTC offset stays the same; start and end in microseconds."""

    start: int
    end: int
    offset_seconds: int


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, at which the local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def length(day: date, zone: ZoneInfo) -> timedelta:
    """Return how long the local day is."""
    return midnight(day + _ONE_DAY, zone) - midnight(day, zone)


def day_of_total(start: int, zone: ZoneInfo) -> date:
    """Return the local day that a daily total is of, given its start in microseconds.

    Asked of the middle of the day, so that a vendor's zone may differ by hours from the person's.
    """
    return (from_micros(start) + _HALF_DAY).astimezone(zone).date()


def day_of_night(end: int, zone: ZoneInfo) -> date:
    """Return the local day that a night is of: the one it ends on. `end` in microseconds."""
    return from_micros(end).astimezone(zone).date()


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield each day from `first` up to, not including, `last`."""
    for number in range((last - first).days):
        yield first + number * _ONE_DAY


@lru_cache(maxsize=256)
def stretches(first: date, last: date, zone: ZoneInfo) -> tuple[Stretch, ...]:
    """Cut [midnight of `first`, midnight of `last`) where the zone's offset changes."""
    result: list[Stretch] = []
    for day in days_between(first, last):
        for piece in _pieces(day, zone):
            before = result[-1] if result else None
            if before is not None and before.offset_seconds == piece.offset_seconds:
                result[-1] = Stretch(before.start, piece.end, piece.offset_seconds)
            else:
                result.append(piece)
    return tuple(result)


def _pieces(day: date, zone: ZoneInfo) -> list[Stretch]:
    start, end = midnight(day, zone), midnight(day + _ONE_DAY, zone)
    if _offset(start, zone) == _offset(end, zone):
        return [Stretch(to_micros(start), to_micros(end), _offset(start, zone))]
    change = _change(start, end, zone)
    before = Stretch(to_micros(start), to_micros(change), _offset(start, zone))
    if change == end:  # the clocks change at midnight: the offset is new from the next day on
        return [before]
    return [before, Stretch(to_micros(change), to_micros(end), _offset(end, zone))]


def _change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """Find the quarter of an hour at which the offset changes."""
    low, high = 0, (end - start) // timedelta(minutes=15)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(start + middle * timedelta(minutes=15), zone) == _offset(start, zone):
            low = middle
        else:
            high = middle
    return start + high * timedelta(minutes=15)


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    offset = instant.astimezone(zone).utcoffset() or timedelta()
    return int(offset.total_seconds())
