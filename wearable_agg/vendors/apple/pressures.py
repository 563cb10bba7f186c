"""Blood pressures of HealthKit: they come in halves, and in pairs that repeat the halves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from safeguards.strict_json import Malformed
from wearable_agg.measurements.model import BloodPressure
from wearable_agg.vendors.apple.quantities import DIASTOLIC, SYSTOLIC
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.findings import Found, Quarantined

HALVES = frozenset({SYSTOLIC, DIASTOLIC})
MOST = 200_000
"""More than a person could take in a life; bounds what is remembered."""


@dataclass(frozen=True, slots=True)
class Half:
    """A systolic or diastolic value (mm[Hg]); `path` is where it stands."""

    kind: str
    value: float
    times: Span
    source_name: str
    device: str
    method: str
    vendor_id: str
    path: str


_Key = tuple[datetime, datetime, str]


class Pressures:
    """Joins halves of equal times and source name, each reading once."""

    def __init__(self) -> None:
        self._halves: dict[_Key, dict[str, Half]] = {}
        self._told: set[_Key] = set()

    def add(self, half: Half) -> Iterator[Found]:
        """Take a half; yields the reading it completes. Raises Malformed for too many."""
        key = (half.times.start, half.times.end, half.source_name)
        if key in self._told:
            return
        halves = self._halves.setdefault(key, {})
        halves[half.kind] = half
        if len(self._halves) + len(self._told) > MOST:
            raise Malformed(f"{half.path}: more than {MOST} blood pressures")
        if len(halves) == len(HALVES):
            del self._halves[key]
            self._told.add(key)
            yield _reading(halves[SYSTOLIC], halves[DIASTOLIC])

    def waiting(self) -> tuple[Half, ...]:
        """Return the halves that nothing has completed yet; adding them brings all back."""
        return tuple(half for halves in self._halves.values() for half in halves.values())

    def left_over(self) -> Iterator[Found]:
        """Yield the halves that nothing completed."""
        for halves in self._halves.values():
            for kind, half in halves.items():
                other = "diastolic" if kind == SYSTOLIC else "systolic"
                yield Found(half.path, Quarantined(f"a blood pressure without its {other} value"))


def _reading(systolic: Half, diastolic: Half) -> Found:
    reading = BloodPressure(
        systolic=systolic.value,
        diastolic=diastolic.value,
        pulse=None,
        start=systolic.times.start,
        end=systolic.times.end,
        offset_seconds=systolic.times.offset_seconds,
        source="apple",
        device=systolic.device,
        method=systolic.method,
        vendor_id=systolic.vendor_id,
    )
    return Found(systolic.path, reading)
