"""Google's filter grammar (AIP-160), as far as it is documented for data points."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sandbox.vendors.google.errors import invalid

_CLAUSE = re.compile(r'^\s*([a-z_0-9]+(?:\.[a-z_]+)+)\s*(>=|<)\s*"([^"]+)"\s*$')
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A half-open span of instants."""

    low: datetime = EARLIEST
    high: datetime = LATEST


def read_filter(text: str, fields: Collection[str], open_ended: bool, zone: ZoneInfo) -> Bounds:
    """Read a filter over one of `fields`; raises GoogleError for what Google would refuse.

    `open_ended` types accept no upper bound.
    """
    bounds = Bounds()
    for clause in re.split(r"\s+AND\s+", text) if text.strip() else ():
        found = _CLAUSE.match(clause)
        if found is None or found[1] not in fields:
            raise invalid(f"Invalid filter: {clause}")
        instant = _instant(found[1], found[3], zone)
        if found[2] == ">=":
            bounds = Bounds(instant, bounds.high)
        elif open_ended:
            raise invalid(f"Invalid filter operator for {found[1]}")
        else:
            bounds = Bounds(bounds.low, instant)
    return bounds


def _instant(field: str, text: str, zone: ZoneInfo) -> datetime:
    """Return the instant that a field's value names: a date, a civil or a physical time."""
    try:
        if field.endswith(".date"):
            return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
        value = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"Invalid filter value: {text}") from None
    if "civil" in field.rpartition(".")[2]:
        if value.tzinfo is not None:
            raise invalid(f"Civil time with an offset: {text}")
        return value.replace(tzinfo=zone).astimezone(UTC)
    if value.tzinfo is None:
        raise invalid(f"Physical time without an offset: {text}")
    return value.astimezone(UTC)
