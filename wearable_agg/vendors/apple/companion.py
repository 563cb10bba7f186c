"""Companion pushes in the envelope of mobile SDKs: HealthKit's own names, ids and units."""

from __future__ import annotations

from collections.abc import Iterator

from wearable_agg.measurements.model import (
    Measurement,
    RhythmNotification,
    SleepStage,
    Withdrawn,
    Workout,
)
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.apple.dates import span
from wearable_agg.vendors.apple.ecg import electrocardiogram
from wearable_agg.vendors.apple.export_rows import SOURCE
from wearable_agg.vendors.apple.pressures import HALVES, Half, Pressures
from wearable_agg.vendors.apple.pushes import digits, each, in_unit, listed
from wearable_agg.vendors.apple.quantities import IDENTIFIERS, RHYTHM_EVENTS, SLEEP, stage_of
from wearable_agg.vendors.apple.values import value_of
from wearable_agg.vendors.apple.workouts import PUSHED
from wearable_agg.vendors.days import Span, written_offset
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found

_APPLE = "apple"
_METHODS = {"manual": "manual", "automatic": "passive", "active": "active"}


def read_sync(document: Part) -> Iterator[Found]:
    """Read a push; an entry that cannot be read is Quarantined. Raises Unusable.

    HealthKit's percentages are shares of one, those of other providers are percent.
    """
    data = document.member("data")
    fraction = text_of(document.find("provider")) in ("", _APPLE)
    pressures = Pressures()
    yield from each(listed(data, "records"), lambda one: _record(one, fraction, pressures))
    yield from pressures.left_over()
    yield from each(listed(data, "sleep"), _sleep)
    yield from each(listed(data, "workouts"), _workout)
    yield from each(listed(data, "electrocardiograms"), electrocardiogram)
    yield from each(listed(data, "deleted"), _deleted)


def _record(entry: Part, fraction: bool, pressures: Pressures) -> Iterator[Found]:
    """Read a record; nothing for a type that we do not keep."""
    kind = entry.member("type").text()
    if kind in HALVES:
        yield from pressures.add(_half(entry, kind))
    elif kind in IDENTIFIERS:
        yield Found(entry.path, _measurement(entry, kind, fraction))
    elif kind in RHYTHM_EVENTS:
        yield Found(entry.path, _event(entry, RHYTHM_EVENTS[kind]))
    elif kind == SLEEP:
        yield Found(entry.path, _stage(entry, entry.member("value")))


def _measurement(entry: Part, kind: str, fraction: bool) -> Measurement:
    known, value, times = IDENTIFIERS[kind], entry.member("value"), _times(entry)
    unit = text_of(entry.find("unit"))
    return Measurement(
        type=known.type,
        value=value_of(digits(value), unit, known, value.path, fraction=fraction),
        unit=known.unit,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=_device(entry),
        method=_method(entry),
        vendor_id=_identifier(entry),
        statistic=known.statistic,
    )


def _half(entry: Part, kind: str) -> Half:
    value = entry.member("value")
    return Half(
        kind=kind,
        value=in_unit(value, text_of(entry.find("unit")), "mm[Hg]"),
        times=_times(entry),
        source_name=_device(entry),
        device=_device(entry),
        method=_method(entry),
        vendor_id=_identifier(entry),
        path=value.path,
    )


def _event(entry: Part, rhythm: str) -> RhythmNotification:
    times = _times(entry)
    return RhythmNotification(
        rhythm=rhythm,
        windows=(),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=_device(entry),
        vendor_id=_identifier(entry),
    )


def _deleted(entry: Part) -> Iterator[Found]:
    """Read an HKDeletedObject: the UUID alone, or an object that holds it."""
    identifier = entry if isinstance(entry.value, str) else entry.member("id")
    if not identifier.text():
        raise Unusable(identifier.path, "missing")
    yield Found(entry.path, Withdrawn(SOURCE, identifier.text()))


def _sleep(entry: Part) -> Iterator[Found]:
    yield Found(entry.path, _stage(entry, entry.member("stage")))


def _stage(entry: Part, word: Part) -> SleepStage:
    times = _times(entry)
    said = word.text() if isinstance(word.value, str) else str(word.integer())
    return SleepStage(
        stage=stage_of(said),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=_device(entry),
        vendor_id=_identifier(entry),
        session_id=text_of(entry.find("parentId")),
    )


def _workout(entry: Part) -> Iterator[Found]:
    times = _times(entry)
    values = {}
    for one in listed(entry, "values"):
        name, number = one.member("type").text(), one.find("value")
        if name in PUSHED and number is not None:
            ours, unit = PUSHED[name]
            values[ours] = in_unit(number, one.member("unit").text(), unit), unit
    workout = Workout(
        activity=entry.member("type").text(),
        values=values,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=_device(entry),
        vendor_id=_identifier(entry),
    )
    yield Found(entry.path, workout)


def _times(entry: Part) -> Span:
    """Read the times; an instant written in UTC tells no offset, `zoneOffset` does."""
    start = entry.member("startDate").text()
    times = span(start, entry.member("endDate").text(), entry.path)
    if told := entry.find("zoneOffset"):
        return Span(times.start, times.end, written_offset(told.text(), told.path))
    return Span(times.start, times.end, None) if start.endswith("Z") else times


def _device(entry: Part) -> str:
    """Return the device's hardware, its model or its source's name."""
    source = entry.find("source")
    if source is None:
        return ""
    return text_of(source.find("productType") or source.find("deviceModel") or source.find("name"))


def _method(entry: Part) -> str:
    source = entry.find("source")
    told = text_of(source.find("recordingMethod")) if source else ""
    return _METHODS.get(told.lower(), "unknown")


def _identifier(entry: Part) -> str:
    """Return HealthKit's UUID, the key under which a repeated push changes nothing."""
    found = entry.find("id")
    if found is None:
        raise Unusable(f"{entry.path}.id", "missing")
    return found.text()
