"""Withings' measure groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from wearable_agg.measurements.model import BloodPressure, Measurement, RhythmVerdict
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.withings.quantities import (
    DIASTOLIC,
    MEASURES,
    METHODS,
    PULSE,
    SEGMENTAL,
    SITES,
    SYSTOLIC,
)
from wearable_agg.vendors.withings.rows import SOURCE, device_of, identifier
from wearable_agg.vendors.withings.values import moment, scaled

REAL, AMBIGUOUS_USER = 1, 1
"""`category` of a real measure; `attrib` of one that may be somebody else's."""
MANUAL = frozenset({2, 4})


@dataclass(frozen=True, slots=True)
class _Group:
    """What the measures of one group share."""

    span: Span
    device: str
    method: str
    vendor_id: str


def measures(body: Part) -> Iterator[Found]:
    """Read the groups of getmeas; raises Unusable."""
    return groups(body.member("measuregrps"))


def groups(listed: Part) -> Iterator[Found]:
    """Read measure groups: real ones of a known user. value x 10^unit is exact in decimals.

    A group can come twice with different `attrib`, and a measure twice in a group; the later one
    repeats the first. Raises Unusable.
    """
    seen: set[tuple[str, str, datetime]] = set()
    for group in listed.items():
        attribution = group.member("attrib").integer()
        if group.member("category").integer() != REAL or attribution == AMBIGUOUS_USER:
            continue
        shared = _Group(
            span=moment(group.member("date")),
            device=device_of(group),
            method="manual" if attribution in MANUAL else "active",
            vendor_id=identifier(group, "grpid"),
        )
        for one in _group(group, shared):
            key = (*_kind(one), shared.span.start)
            if key not in seen:
                seen.add(key)
                yield one


def _group(group: Part, shared: _Group) -> Iterator[Found]:
    """Yield a group's measures; both pressures and the pulse with them are one reading."""
    by_type: dict[int, Part] = {}
    listed = list(group.member("measures").items())
    for measure in listed:
        by_type.setdefault(measure.member("type").integer(), measure)
    reading = DIASTOLIC in by_type and SYSTOLIC in by_type
    if reading:
        yield _pressure(by_type, shared)
    for measure in listed:
        number = measure.member("type").integer()
        if number in METHODS:
            yield _verdict(number, measure, shared)
        elif number in MEASURES and not (reading and number == PULSE):
            yield _value(number, measure, shared)


def _value(number: int, measure: Part, shared: _Group) -> Found:
    known = MEASURES[number]
    value = Measurement(
        type=known.type,
        value=float(Fraction(scaled(measure)) * known.factor),
        unit=known.unit,
        start=shared.span.start,
        end=shared.span.end,
        offset_seconds=shared.span.offset_seconds,
        source=SOURCE,
        device=shared.device,
        method=shared.method,
        vendor_id=shared.vendor_id,
    )
    if number in SEGMENTAL:
        value = replace(value, statistic=_site(measure.member("position")))
    return Found(measure.path, value)


def _site(position: Part) -> str:
    number = position.integer()
    return SITES.get(number, f"position {number}")


def _pressure(by_type: dict[int, Part], shared: _Group) -> Found:
    pulse = by_type.get(PULSE)
    reading = BloodPressure(
        systolic=float(scaled(by_type[SYSTOLIC])),
        diastolic=float(scaled(by_type[DIASTOLIC])),
        pulse=float(scaled(pulse)) if pulse else None,
        start=shared.span.start,
        end=shared.span.end,
        offset_seconds=shared.span.offset_seconds,
        source=SOURCE,
        device=shared.device,
        method=shared.method,
        vendor_id=shared.vendor_id,
    )
    return Found(by_type[SYSTOLIC].path, reading)


def _verdict(number: int, measure: Part, shared: _Group) -> Found:
    word = int(scaled(measure))
    said = RhythmVerdict(
        verdict=verdict("withings_measure", word),
        vendor_verdict=str(word),
        method=METHODS[number],
        start=shared.span.start,
        end=shared.span.end,
        offset_seconds=shared.span.offset_seconds,
        source=SOURCE,
        device=shared.device,
        vendor_id=shared.vendor_id,
    )
    return Found(measure.path, said)


def _kind(one: Found) -> tuple[str, str]:
    item = one.item
    if isinstance(item, Measurement):
        return item.type, item.statistic
    return type(item).__name__, item.method if isinstance(item, RhythmVerdict) else ""
