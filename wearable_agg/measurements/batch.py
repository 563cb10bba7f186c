"""Turning measurements into the narrow rows of the store; what cannot be kept is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.sources import source_of
from wearable_agg.measurements.types import TYPES, flaw
from wearable_agg.store.clock import to_micros

SHORTEST_DAY = timedelta(hours=22)
"""A span at least this long is a whole local day: clocks jump by at most two hours."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_END = timedelta(days=2)
"""How far ahead of now a day that is still going on may end, wherever its midnight is."""

NO_CONSENT = "no consent"
_PRESSURES = ("blood_pressure_systolic", "blood_pressure_diastolic")
INSTANT, INTERVAL, DAY = "instant", "interval", "day"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What measurements of one series have in common."""

    type: str
    statistic: str
    source: str
    span: str


Row = tuple[int, int, float, int | None, str, str, str, int]
"""start, end, value, offset_seconds, device, method, vendor_id, told_at (0 where not said)."""


@dataclass(slots=True)
class Batch:
    """Rows by series, and how many measurements were refused, by reason."""

    rows: dict[SeriesKey, list[Row]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, later: Batch) -> None:
        """Append another batch; where both have a value for one key, the later one counts."""
        for key, rows in later.rows.items():
            self.rows.setdefault(key, []).extend(rows)
        self.refused.update(later.refused)

    def count(self) -> int:
        """Return how many rows there are."""
        return sum(map(len, self.rows.values()))

    def refusals(self) -> str | None:
        """Say how many measurements were refused and why, None where none were."""
        return ", ".join(f"{n} x {why}" for why, n in sorted(self.refused.items())) or None


def batch_of(measurements: Iterable[Measurement], permitted: Collection[str]) -> Batch:
    """Sort measurements into series; types outside `permitted` are refused as not consented."""
    batch = Batch()
    now = datetime.now(UTC)
    listed = list(measurements)
    untrue = _untrue_pressures(listed, now)
    for one in listed:
        reason = _fault(one, permitted, now)
        if not reason and one.type in _PRESSURES and _reading(one) in untrue:
            reason = "a blood pressure that cannot be true"
        if reason:
            batch.refused[reason] += 1
            continue
        key = series_key(one.type, one.statistic, one.source, one.device, one.end - one.start)
        batch.rows.setdefault(key, []).append(
            (
                to_micros(one.start),
                to_micros(one.end),
                one.value,
                one.offset_seconds,
                one.device,
                one.method,
                one.vendor_id,
                to_micros(one.told_at) if one.told_at else 0,
            )
        )
    return batch


def span_of(length: timedelta) -> str:
    """Say whether a span of this length is an instant, an interval or a whole day."""
    if not length:
        return INSTANT
    return DAY if length >= SHORTEST_DAY else INTERVAL


@lru_cache(maxsize=4096)
def series_key(kind: str, statistic: str, vendor: str, device: str, length: timedelta) -> SeriesKey:
    """Return the series that a value of this length from this device belongs to."""
    return SeriesKey(kind, statistic, source_of(vendor, device), span_of(length))


def _untrue_pressures(measurements: Iterable[Measurement], now: datetime) -> frozenset[Hashable]:
    """Return the readings that fall as a whole: half of them cannot be, or they are swapped."""
    halves = [one for one in measurements if one.type in _PRESSURES]
    systolic, diastolic = (
        {_reading(one): one.value for one in halves if one.type == kind} for kind in _PRESSURES
    )
    swapped = {
        reading
        for reading, value in diastolic.items()
        if reading in systolic and value >= systolic[reading]
    }
    return frozenset(swapped | {_reading(one) for one in halves if flaw(one, now)})


def _reading(one: Measurement) -> Hashable:
    return one.source, one.device, one.start, one.end, one.vendor_id


def _fault(one: Measurement, permitted: Collection[str], now: datetime) -> str:
    if one.type in TYPES and one.type not in permitted:
        return NO_CONSENT
    if reason := flaw(one, now):
        return reason
    possible = one.start >= EARLIEST and one.end <= now + LATEST_END
    return "" if possible else "impossible time"
