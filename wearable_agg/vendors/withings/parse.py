"""Withings' pages into measurements, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, measurements_of
from wearable_agg.vendors.withings import days, measures, nights
from wearable_agg.vendors.withings.kinds import ACTIVITY, INTRADAY, MEASURES, SLEEP


def parse(kind: str, raw: bytes, zone: ZoneInfo) -> list[Measurement]:
    """Read a page; raises Malformed and Unusable, also for a page that reports an error."""
    envelope = read(raw)
    if envelope.member("status").integer() != 0:
        raise Unusable("$.status", "not a successful answer")
    return measurements_of(_READERS[kind](envelope.member("body"), zone))


_READERS: dict[str, Callable[[Part, ZoneInfo], Iterator[Found]]] = {
    ACTIVITY: days.activity,
    INTRADAY: lambda body, _: days.intraday(body),
    SLEEP: lambda body, _: nights.summaries(body),
    MEASURES: lambda body, _: measures.measures(body),
}
