"""What a vendor can tell us, as data: the coverage page and the parsers' tables are one thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from wearable_agg.measurements.types import TYPES

WEBHOOK, POLL, FILE, PUSH = "webhook", "poll", "file", "push"
ARRIVALS = frozenset({WEBHOOK, POLL, FILE, PUSH})

SAMPLE, INTERVAL, DAY, NIGHT, EVENT = "sample", "interval", "day", "night", "event"
GRANULARITIES = frozenset({SAMPLE, INTERVAL, DAY, NIGHT, EVENT})

RECORDS = frozenset({"blood_pressure", "ecg", "rhythm_notification", "rhythm_verdict"})
"""What we read besides plain measurements."""


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing a vendor tells: `type` is ours, `vendor_name` and `vendor_unit` the vendor's.

    `arrives` says how it comes: by webhook (a notice, after which we fetch), by polling alone, in
    a file, or pushed by a companion app. `statistic` as in Measurement.
    """

    type: str
    vendor_name: str
    vendor_unit: str
    granularity: str
    arrives: tuple[str, ...]
    statistic: str = ""
    fetched: bool = False

    @property
    def unit(self) -> str:
        """Our unit (UCUM), empty for a record that has several."""
        return TYPES[self.type].unit if self.type in TYPES else ""


def checked(vendor: str, capabilities: Iterable[Capability]) -> tuple[Capability, ...]:
    """Return a vendor's capabilities; raises ValueError where they contradict themselves."""
    listed = tuple(capabilities)
    for one in listed:
        if fault := _fault(one):
            raise ValueError(f"{vendor}: {one.vendor_name} as {one.type}: {fault}")
    counts = Counter((one.type, one.vendor_name, one.statistic, one.granularity) for one in listed)
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"{vendor}: stands twice: {twice}")
    return listed


def _fault(one: Capability) -> str:
    if one.type not in TYPES and one.type not in RECORDS:
        return "no such type"
    if one.granularity not in GRANULARITIES:
        return f"no such granularity: {one.granularity}"
    if not one.arrives or not set(one.arrives) <= ARRIVALS:
        return f"no such way to arrive: {one.arrives}"
    if len(set(one.arrives)) != len(one.arrives):
        return "a way to arrive stands twice"
    if not one.vendor_name:
        return "the vendor's name is missing"
    if (one.type == "hrv") != (one.statistic in ("RMSSD", "SDNN")):
        return "a heart-rate variability, and only that, is RMSSD or SDNN"
    return ""
