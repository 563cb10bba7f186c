"""Withings' pages into measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part, read, text_of
from wearable_agg.vendors.days import offset_at
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.withings.kinds import ACTIVITY, INTRADAY, MEASURES, PULSE, SLEEP, SPO2
from wearable_agg.vendors.withings.values import (
    Span,
    date_of,
    day_span,
    instant,
    moment,
    scaled,
    zone_of,
)

SOURCE = "withings"
REAL, AMBIGUOUS_USER = 1, 1
"""`category` of a real measure; `attrib` of one that may be somebody else's."""
MANUAL = frozenset({2, 4})

_MEASURES = {SPO2: ("oxygen_saturation", "%"), PULSE: ("heart_rate", "/min")}
_INTRADAY = {
    "heart_rate": ("heart_rate", "/min", ""),
    "rmssd": ("hrv", "ms", "RMSSD"),
    "spo2_auto": ("oxygen_saturation", "%", ""),
}
_SLEEP = {
    "deepsleepduration": "deep",
    "lightsleepduration": "light",
    "remsleepduration": "rem",
    "wakeupduration": "awake",
}


def parse(kind: str, raw: bytes, zone: ZoneInfo) -> list[Measurement]:
    """Read a page; raises Malformed and Unusable, also for a page that reports an error."""
    envelope = read(raw)
    if envelope.member("status").integer() != 0:
        raise Unusable("$.status", "not a successful answer")
    return list(_READERS[kind](envelope.member("body"), zone))


def _activity(body: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read days; where a day has several rows, the one a Withings device made stands for it."""
    rows: dict[date, Part] = {}
    for row in body.member("activities").items():
        day = date_of(row.member("date"))
        if day not in rows or _tracked(row):
            rows[day] = row
    for day, row in rows.items():
        steps = row.find("steps")
        if steps is None:
            continue
        span = day_span(day, zone_of(row, zone))
        method = "passive" if _tracked(row) else "unknown"
        yield _measurement("steps", steps.number(), "{steps}", span, _device(row), method, "")


def _intraday(body: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read entries keyed by epoch second; RMSSD comes several times a night."""
    series = body.member("series")
    if series.value == []:  # an empty object, as PHP writes it
        return
    for key, entry in series.members():
        span = moment(Part(key, f"{entry.path} (key)"), zone)
        for field, (kind, unit, statistic) in _INTRADAY.items():
            value = entry.find(field)
            if value is not None:
                device = _device(entry)
                yield _measurement(
                    kind, value.number(), unit, span, device, "passive", "", statistic
                )


def _sleep(body: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read nights; a stage that is absent or null is unknown, not zero. Seconds become minutes.

    A night belongs to the local day on which it ends. An incomplete one comes again.
    """
    for night in body.member("series").items():
        completed = night.find("completed")
        if completed is not None and not completed.flag():
            continue
        local = zone_of(night, zone)
        start, end = instant(night.member("startdate")), instant(night.member("enddate"))
        span = Span(start, end, offset_at(end, local))
        data = night.member("data")
        identifier = night.find("id")
        vendor_id = str(identifier.integer()) if identifier else ""
        for stage, seconds in _stages(data):
            yield _measurement(
                f"sleep_{stage}", seconds / 60, "min", span, _device(night), "passive", vendor_id
            )


def _stages(data: Part) -> Iterator[tuple[str, Decimal]]:
    for field, stage in _SLEEP.items():
        seconds = data.find(field)
        if seconds is not None:
            yield stage, seconds.number()
    asleep = data.find("total_sleep_time") or data.find("asleepduration")
    if asleep is not None:
        yield "asleep", asleep.number()


def _measures(body: Part, zone: ZoneInfo) -> Iterator[Measurement]:
    """Read measure groups: real ones of a known user. value x 10^unit is exact in decimals.

    A group can come twice with different `attrib`; the later one repeats the first.
    """
    found: dict[tuple[str, datetime], Measurement] = {}
    for group in body.member("measuregrps").items():
        attribution = group.member("attrib").integer()
        if group.member("category").integer() != REAL or attribution == AMBIGUOUS_USER:
            continue
        span = moment(group.member("date"), zone)
        method = "manual" if attribution in MANUAL else "active"
        for measure in group.member("measures").items():
            known = _MEASURES.get(measure.member("type").integer())
            if known is not None:
                kind, unit = known
                vendor_id = str(group.member("grpid").integer())
                value = scaled(measure)
                one = _measurement(kind, value, unit, span, _device(group), method, vendor_id)
                found.setdefault((kind, span.start), one)
    yield from found.values()


def _measurement(
    kind: str,
    value: Decimal,
    unit: str,
    span: Span,
    device: str,
    method: str,
    vendor_id: str,
    statistic: str = "",
) -> Measurement:
    return Measurement(
        type=kind,
        value=float(value),
        unit=unit,
        start=span.start,
        end=span.end,
        offset_seconds=span.offset_seconds,
        source=SOURCE,
        device=device,
        method=method,
        vendor_id=vendor_id,
        statistic=statistic,
    )


def _tracked(row: Part) -> bool:
    tracked = row.find("is_tracker")
    return tracked is None or tracked.flag()


def _device(row: Part) -> str:
    """Return the model's name; some rows give a number instead, which names nothing."""
    model = row.find("model")
    return text_of(model) if model is not None and isinstance(model.value, str) else ""


_READERS: dict[str, Callable[[Part, ZoneInfo], Iterator[Measurement]]] = {
    ACTIVITY: _activity,
    INTRADAY: _intraday,
    SLEEP: _sleep,
    MEASURES: _measures,
}
