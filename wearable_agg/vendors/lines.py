"""Items of a payload as plain documents, one for each line of output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from wearable_agg.measurements.model import (
    BloodPressure,
    EcgRecording,
    EcgSignal,
    Measurement,
    RhythmNotification,
    RhythmVerdict,
    SleepStage,
    VendorFeature,
    Withdrawn,
    Workout,
)
from wearable_agg.vendors.findings import (
    About,
    Found,
    Item,
    Notice,
    Quarantined,
    Refusal,
    TokensSeen,
    Verification,
)

_KINDS: dict[type, tuple[str, str]] = {
    Measurement: ("measurement", ""),
    BloodPressure: ("measurement", "blood_pressure"),
    SleepStage: ("sleep_stage", "sleep_stage"),
    EcgRecording: ("ecg", "ecg"),
    EcgSignal: ("ecg_signal", "ecg_signal"),
    RhythmNotification: ("rhythm_notification", "rhythm_notification"),
    RhythmVerdict: ("rhythm_verdict", "rhythm_verdict"),
    Workout: ("workout", "workout"),
    Withdrawn: ("withdrawn", ""),
    VendorFeature: ("feature", ""),
    TokensSeen: ("tokens", ""),
    Notice: ("notification", ""),
    Verification: ("verification", ""),
    Refusal: ("error", ""),
    About: ("about", ""),
    Quarantined: ("quarantined", ""),
}


def line_of(vendor: str, found: Found) -> dict[str, Any]:
    """Return an item as a document: kind, type, value, unit, start, end, offset and the rest."""
    kind, name = _KINDS[type(found.item)]
    head: dict[str, Any] = {"kind": kind, "vendor": vendor, "path": found.path}
    if name:
        head["type"] = name
    return {**head, **_body(found.item)}


def _body(item: Item) -> dict[str, Any]:
    match item:
        case BloodPressure():
            value = {"systolic": item.systolic, "diastolic": item.diastolic}
            return {"value": value, "unit": "mm[Hg]", **_plain(item, "systolic", "diastolic")}
        case SleepStage():
            return {"value": item.stage, "unit": None, **_plain(item, "stage")}
        case EcgRecording() | RhythmVerdict():
            return {"value": item.verdict, "unit": None, **_plain(item, "verdict")}
        case RhythmNotification():
            return {"value": item.rhythm, "unit": None, **_plain(item, "rhythm")}
        case Workout():
            values = {name: {"value": v, "unit": unit} for name, (v, unit) in item.values.items()}
            return {"value": item.activity, "unit": None, **_plain(item, "activity", "values")} | {
                "values": values
            }
        case Notice():
            return {**_plain(item.notification), "said": dict(item.said)}
        case Quarantined():
            what = None if item.record is None else line_of("", Found("", item.record))
            return {"reason": item.reason, "record": _without_place(what)}
        case Verification():
            return {}
        case About():
            return {"topic": item.topic, "facts": dict(item.facts)}
        case _:
            return _plain(item)


def _without_place(line: dict[str, Any] | None) -> dict[str, Any] | None:
    if line is None:
        return None
    return {name: value for name, value in line.items() if name not in ("vendor", "path")}


def _plain(item: Any, *left_out: str) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for field in fields(item):
        if field.name in left_out:
            continue
        value = getattr(item, field.name)
        if field.name == "offset_seconds":
            document["offset"] = None if value is None else _offset(value)
        else:
            document[field.name] = _written(value)
    return document


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if is_dataclass(value):
        return _plain(value)
    if isinstance(value, Mapping):
        return {key: _written(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_written(one) for one in value]
    return value


def _offset(seconds: int) -> str:
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}"
