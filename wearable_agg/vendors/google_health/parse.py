"""Google's pages into what we keep."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from fractions import Fraction
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement, Record
from wearable_agg.measurements.types import TYPES
from wearable_agg.vendors.answers import Part, read, text_of
from wearable_agg.vendors.capability import DAY
from wearable_agg.vendors.days import Span, day_bounds
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, records_of
from wearable_agg.vendors.google_health import activity
from wearable_agg.vendors.google_health.ecg import electrocardiogram
from wearable_agg.vendors.google_health.exercise import exercise
from wearable_agg.vendors.google_health.kinds import IRREGULAR_RHYTHM_PROFILE
from wearable_agg.vendors.google_health.quantities import POINTS, ROLL_UPS, Quantity, by_member
from wearable_agg.vendors.google_health.rhythm import irregular_rhythm, profile
from wearable_agg.vendors.google_health.sleep import sleep
from wearable_agg.vendors.google_health.source import Origin, origin_of
from wearable_agg.vendors.google_health.times import civil_date, interval, sample

Reader = Callable[[Part, Origin, ZoneInfo], Iterator[Record]]

LISTS, ROLLED_UP = ("dataPoints", "reconciledDataPoints"), "rollupDataPoints"

_POINTS, _ROLL_UPS = by_member(POINTS), by_member(ROLL_UPS)
_READERS: dict[str, Reader] = {
    "sleep": sleep,
    "electrocardiogram": electrocardiogram,
    "irregularRhythmNotification": irregular_rhythm,
    "exercise": exercise,
    **activity.READERS,
}


def parse(kind: str, raw: bytes, zone: ZoneInfo) -> list[Record]:
    """Read a page of one data type; raises Malformed and Unusable."""
    if kind == IRREGULAR_RHYTHM_PROFILE:
        return [profile(read(raw))]
    return records_of(page(read(raw), zone, _member_of(kind)))


def page(answer: Part, zone: ZoneInfo, member: str = "") -> Iterator[Found]:
    """Read a page, listed, reconciled or rolled up.

    `member` is the data type that each point must hold; where it is empty, any that we know.
    Raises Unusable.
    """
    for name in LISTS:
        points = answer.find(name)
        for point in points.items() if points else ():
            inner = point.find("dataPoint") or point
            yield from data_point(inner, zone, member)
    points = answer.find(ROLLED_UP)
    for point in points.items() if points else ():
        yield from _roll_up(point, zone)


def data_point(point: Part, zone: ZoneInfo, member: str = "") -> Iterator[Found]:
    """Read one data point; raises Unusable."""
    value = point.member(member) if member else _known(point, (*_POINTS, *_READERS))
    name = member or value.path.rpartition(".")[2]
    origin = origin_of(point)
    if name in _READERS:
        for one in _READERS[name](value, origin, zone):
            yield Found(value.path, one)
    else:
        yield from _values(value, _POINTS[name], origin, zone)


def _values(
    value: Part, quantities: tuple[Quantity, ...], origin: Origin, zone: ZoneInfo
) -> Iterator[Found]:
    """Yield the fields that are there; a day may have none of them, a sample may not."""
    times = _stretch(value, quantities[0].shape, zone)
    found = [(one, number) for one in quantities if (number := _field(value, one.field))]
    if not found and quantities[0].shape != DAY:
        raise Unusable(f"{value.path}.{quantities[0].field}", "missing")
    for one, number in found:
        measured = _measurement(one, number, times, origin)
        if one.told_apart_by:
            word = text_of(value.find(one.told_apart_by)).lower()
            measured = replace(measured, statistic=word)
        yield Found(number.path, measured)


def _roll_up(point: Part, zone: ZoneInfo) -> Iterator[Found]:
    """Read a sum over all sources, without counting any twice: of civil days, or of a window."""
    times = _rolled_up_stretch(point, zone)
    value = _known(point, (*_ROLL_UPS, *activity.ROLLED))
    name = value.path.rpartition(".")[2]
    origin = Origin(device="", method="derived", vendor_id="")
    if name in activity.ROLLED:
        for told in activity.measured(activity.ROLLED[name](value), times, origin):
            yield Found(value.path, told)
        return
    quantities = _ROLL_UPS[name]
    found = [(one, number) for one in quantities if (number := value.find(one.field))]
    if not found:
        raise Unusable(f"{value.path}.{quantities[0].field}", "missing")
    for one, number in found:
        yield Found(number.path, _measurement(one, number, times, origin))


def _rolled_up_stretch(point: Part, zone: ZoneInfo) -> Span:
    if point.find("startTime"):
        return interval(point)
    first = civil_date(point.member("civilStartTime").member("date"))
    start, end = day_bounds(first, zone)
    if last := point.find("civilEndTime"):
        end = max(end, day_bounds(civil_date(last.member("date")), zone)[0])
    return Span(start, end, None)


def _stretch(value: Part, shape: str, zone: ZoneInfo) -> Span:
    if shape == DAY:
        start, end = day_bounds(civil_date(value.member("date")), zone)
        return Span(start, end, None)
    if value.find("sampleTime"):
        return sample(value.member("sampleTime"))
    return interval(value.member("interval")) if value.find("interval") else _no_time(value)


def _no_time(value: Part) -> Span:
    raise Unusable(f"{value.path}.sampleTime", "missing")


def _measurement(one: Quantity, number: Part, times: Span, origin: Origin) -> Measurement:
    exact = number.number()
    value = float(exact) if one.factor == 1 else float(Fraction(exact) * one.factor)
    unit = TYPES[one.type].unit
    return origin.measurement(
        one.type, value, unit, times.start, times.end, times.offset_seconds, one.statistic
    )


def _field(value: Part, name: str) -> Part | None:
    outer, dot, inner = name.partition(".")
    found = value.find(outer)
    return found.find(inner) if found and dot else found


def _known(point: Part, members: Collection[str]) -> Part:
    """Return the one member of a point that we know; raises Unusable."""
    names = [name for name, _ in point.members() if name in members]
    if len(names) != 1:
        raise Unusable(point.path, "several data types in one point" if names else "no data type")
    return point.member(names[0])


def _member_of(kind: str) -> str:
    """Return the member of a data type's points: heart-rate is heartRate."""
    first, *rest = kind.split("-")
    return first + "".join(word.capitalize() for word in rest)
