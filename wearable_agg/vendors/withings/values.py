"""How Withings writes numbers and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import EARLIEST, LATEST, day_bounds, offset_at, plausible
from wearable_agg.vendors.errors import Unusable

_SMALLEST_UNIT, _LARGEST_UNIT = -12, 6


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, and the UTC offset there and then."""

    start: datetime
    end: datetime
    offset_seconds: int


def scaled(measure: Part) -> Decimal:
    """Return value x 10^unit, exactly; raises Unusable."""
    unit = measure.member("unit")
    exponent = unit.integer()
    if not _SMALLEST_UNIT <= exponent <= _LARGEST_UNIT:
        raise Unusable(unit.path, "a unit beyond reason")
    return Decimal(measure.member("value").integer()).scaleb(exponent)


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return a local day from midnight to midnight."""
    start, end = day_bounds(day, zone)
    return Span(start, end, offset_at(start, zone))


def moment(part: Part, zone: ZoneInfo) -> Span:
    """Read epoch seconds as a span without length; raises Unusable."""
    at = instant(part)
    return Span(at, at, offset_at(at, zone))


def instant(part: Part) -> datetime:
    """Read epoch seconds; raises Unusable."""
    seconds = part.integer()
    if not EARLIEST.timestamp() <= seconds < LATEST.timestamp():
        raise Unusable(part.path, "not epoch seconds")
    return datetime.fromtimestamp(seconds, UTC)


def date_of(part: Part) -> date:
    """Read YYYY-MM-DD; raises Unusable."""
    try:
        day = date.fromisoformat(part.text())
    except ValueError:
        raise Unusable(part.path, "not a date") from None
    if not plausible(datetime(day.year, day.month, day.day, tzinfo=UTC)):
        raise Unusable(part.path, "a date beyond reason")
    return day


def zone_of(row: Part, usual: ZoneInfo) -> ZoneInfo:
    """Return a row's own time zone, the account's where it has none; raises Unusable."""
    named = row.find("timezone")
    if named is None:
        return usual
    try:
        return ZoneInfo(named.text())
    except (KeyError, ValueError, OSError):
        raise Unusable(named.path, "not a time zone") from None
