"""Withings' pages into measurements, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Record
from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, records_of
from wearable_agg.vendors.withings import days, heart, measures, nights
from wearable_agg.vendors.withings.kinds import ACTIVITY, HEART, INTRADAY, MEASURES, SLEEP


def parse(kind: str, raw: bytes, zone: ZoneInfo) -> list[Record]:
    """Read a page; raises Malformed and Unusable, also for a page that reports an error."""
    page = read(raw)
    if kind == HEART:
        waveforms = {name: _body(answer) for name, answer in page.member("signals").members()}
        return records_of(heart.with_waveforms(_body(page.member("list")), waveforms))
    return records_of(_READERS[kind](_body(page), zone))


def _body(envelope: Part) -> Part:
    if envelope.member("status").integer() != 0:
        raise Unusable(f"{envelope.path}.status", "not a successful answer")
    return envelope.member("body")


_READERS: dict[str, Callable[[Part, ZoneInfo], Iterator[Found]]] = {
    ACTIVITY: days.activity,
    INTRADAY: lambda body, _: days.intraday(body),
    SLEEP: lambda body, _: nights.summaries(body),
    MEASURES: lambda body, _: measures.measures(body),
}
