"""Pushes of the app Health Auto Export: metrics by name, in the units of the user's settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wearable_agg.measurements.model import (
    AlertWindow,
    Beat,
    BloodPressure,
    Measurement,
    RhythmNotification,
    SleepStage,
    Workout,
)
from wearable_agg.vendors.answers import Part, optional_number, text_of
from wearable_agg.vendors.apple.dates import moment, span
from wearable_agg.vendors.apple.ecg import electrocardiogram
from wearable_agg.vendors.apple.export_rows import SOURCE
from wearable_agg.vendors.apple.pushes import digits, each, in_unit, listed
from wearable_agg.vendors.apple.quantities import AUTO_EXPORT, IDENTIFIERS, QUANTITY, stage_of
from wearable_agg.vendors.apple.values import value_of
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.findings import Found

_SPREAD = {"Min": "heart_rate_min", "Avg": "heart_rate_mean", "Max": "heart_rate_max"}
_NIGHT = {
    "deep": "sleep_deep",
    "core": "sleep_light",
    "rem": "sleep_rem",
    "awake": "sleep_awake",
    "totalSleep": "sleep_asleep",
    "inBed": "sleep_in_bed",
}
_RATE = "heart_rate"
_HOURS = "h"


def read_push(document: Part) -> Iterator[Found]:
    """Read a push; an entry that cannot be read is Quarantined. Raises Unusable."""
    data = document.member("data")
    for metric in listed(data, "metrics"):
        yield from _metric(metric)
    yield from each(listed(data, "ecg"), electrocardiogram)
    yield from each(listed(data, "heartRateNotifications"), _notification)
    yield from each(listed(data, "workouts"), _workout)


def _metric(metric: Part) -> Iterator[Found]:
    """Read one metric's points; nothing for one that we do not keep."""
    name, unit = metric.member("name").text(), text_of(metric.find("units"))
    points = listed(metric, "data")
    if name == "blood_pressure":
        yield from each(points, lambda point: _pressure(point, unit))
    elif name == "sleep_analysis":
        yield from each(points, _sleep)
    elif name == _RATE:
        yield from each(points, lambda point: _heart_rate(point, unit))
    elif name in AUTO_EXPORT:
        yield from each(points, lambda point: _point(point, name, unit))


def _point(point: Part, name: str, unit: str) -> Iterator[Found]:
    known = IDENTIFIERS[f"{QUANTITY}{AUTO_EXPORT[name]}"]
    number = point.member("qty")
    value = value_of(digits(number), unit, known, number.path, fraction=False)
    one = _measurement(point, known.type, value, known.unit, moment(point.member("date")))
    yield Found(number.path, replace(one, statistic=known.statistic))


def _heart_rate(point: Part, unit: str) -> Iterator[Found]:
    """Read a point: a single value, or the least, mean and greatest of a stretch of time."""
    if point.find("qty"):
        yield from _point(point, _RATE, unit)
        return
    at = moment(point.member("date"))
    values = {
        kind: in_unit(part, unit, "/min")
        for name, kind in _SPREAD.items()
        if (part := point.find(name))
    }
    if len(values) == len(_SPREAD) and len(set(values.values())) == 1:
        values = {_RATE: values["heart_rate_mean"]}
    for kind, value in values.items():
        yield Found(point.path, _measurement(point, kind, value, "/min", at))


def _pressure(point: Part, unit: str) -> Iterator[Found]:
    at = moment(point.member("date"))
    reading = BloodPressure(
        systolic=in_unit(point.member("systolic"), unit, "mm[Hg]"),
        diastolic=in_unit(point.member("diastolic"), unit, "mm[Hg]"),
        pulse=None,
        start=at.start,
        end=at.end,
        offset_seconds=at.offset_seconds,
        source=SOURCE,
        device=text_of(point.find("source")),
        method="unknown",
        vendor_id="",
    )
    yield Found(point.path, reading)


def _sleep(point: Part) -> Iterator[Found]:
    """Read a stage of a night, or a whole night in hours."""
    if point.find("value"):
        yield Found(point.path, _stage(point))
        return
    night = _times(point, "sleepStart", "sleepEnd")
    in_bed = _times(point, "inBedStart", "inBedEnd") if point.find("inBedStart") else night
    for name, kind in _NIGHT.items():
        if number := point.find(name):
            times = in_bed if name == "inBed" else night
            hours = in_unit(number, _HOURS, "min")
            yield Found(number.path, _measurement(point, kind, hours, "min", times))


def _stage(point: Part) -> SleepStage:
    times = _times(point, "startDate", "endDate")
    return SleepStage(
        stage=stage_of(point.member("value").text()),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=text_of(point.find("source")),
        vendor_id="",
    )


def _notification(entry: Part) -> Iterator[Found]:
    """Read a notice of a rate beyond a threshold, or of an irregular rhythm without one."""
    times = _times(entry, "start", "end")
    beats = tuple(_beat(one) for one in listed(entry, "heartRate"))
    limit = optional_number(entry.find("threshold"))
    rhythm = "irregular" if limit is None else _side(limit, beats)
    window = AlertWindow(times.start, times.end, times.offset_seconds, True, beats)
    notice = RhythmNotification(
        rhythm=rhythm,
        windows=(window,) if beats else (),
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=text_of(entry.find("source")),
        vendor_id="",
        threshold=limit,
    )
    yield Found(entry.path, notice)


def _beat(part: Part) -> Beat:
    at = part.find("date")
    when = moment(at) if at else _interval(part.member("timestamp"))
    return Beat(when.start, float((part.find("qty") or part.member("hr")).number()))


def _interval(stamp: Part) -> Span:
    return moment(stamp.member("interval").member("start") if stamp.find("interval") else stamp)


def _side(limit: float, beats: tuple[Beat, ...]) -> str:
    """Tell on which side of the threshold the rate was; most thresholds for low are below 60."""
    if beats:
        return "high_rate" if max(beat.rate for beat in beats) > limit else "low_rate"
    return "high_rate" if limit >= 60 else "low_rate"


def _workout(entry: Part) -> Iterator[Found]:
    times = _times(entry, "start", "end")
    values = {}
    for name, kind, unit in (
        ("activeEnergyBurned", "active_energy", "kcal"),
        ("distance", "distance", "m"),
    ):
        if (part := entry.find(name)) and isinstance(part.value, dict):
            values[kind] = in_unit(part.member("qty"), part.member("units").text(), unit), unit
    workout = Workout(
        activity=text_of(entry.find("name")).lower(),
        values=values,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device="",
        vendor_id=text_of(entry.find("id")),
    )
    yield Found(entry.path, workout)


def _times(entry: Part, start: str, end: str) -> Span:
    return span(entry.member(start).text(), entry.member(end).text(), entry.path)


def _measurement(point: Part, kind: str, value: float, unit: str, times: Span) -> Measurement:
    return Measurement(
        type=kind,
        value=value,
        unit=unit,
        start=times.start,
        end=times.end,
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=text_of(point.find("source")),
        method="unknown",
        vendor_id="",
    )
