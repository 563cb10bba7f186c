"""How Withings writes numbers and times."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import EARLIEST, LATEST, Span, day_bounds, offset_at, plausible
from wearable_agg.vendors.errors import Unusable

_SMALLEST_UNIT, _LARGEST_UNIT = -12, 6


def scaled(measure: Part) -> Decimal:
    """Return value x 10^unit, exactly; raises Unusable."""
    unit = measure.member("unit")
    exponent = unit.integer()
    if not _SMALLEST_UNIT <= exponent <= _LARGEST_UNIT:
        raise Unusable(unit.path, "a unit beyond reason")
    return Decimal(measure.member("value").integer()).scaleb(exponent)


def day_span(row: Part, usual: ZoneInfo) -> Span:
    """Return a row's local day (`date`) from midnight to midnight; raises Unusable."""
    own = own_zone(row)
    start, end = day_bounds(date_of(row.member("date")), own or usual)
    return Span(start, end, offset_at(start, own) if own else None)


def span_between(start: Part, end: Part, zone: ZoneInfo | None = None) -> Span:
    """Read two epoch seconds; raises Unusable."""
    first, last = instant(start), instant(end)
    if last < first:
        raise Unusable(end.path, "ends before it starts")
    return Span(first, last, offset_at(last, zone) if zone else None)


def moment(part: Part, zone: ZoneInfo | None = None) -> Span:
    """Read epoch seconds as a span without length; raises Unusable."""
    at = instant(part)
    return Span(at, at, offset_at(at, zone) if zone else None)


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


def own_zone(row: Part) -> ZoneInfo | None:
    """Return a row's own time zone, None where it names none; raises Unusable."""
    named = row.find("timezone")
    if named is None:
        return None
    try:
        return ZoneInfo(named.text())
    except (KeyError, ValueError, OSError):
        raise Unusable(named.path, "not a time zone") from None
