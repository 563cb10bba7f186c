"""HL7 FHIR: ECG as SampledData, in one component a lead or in components of 10 s, R4 and R5."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.recordings import (
    MICROVOLTS,
    NoRecording,
    Recording,
    checked_rate,
    counted,
)
from wearable_agg.ecg.sampled_components import lead_named
from wearable_agg.vendors.answers import Part, optional_number, read, text_of
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.waveforms import LONGEST

_NO_READING = {"E": math.nan, "U": math.nan, "L": math.nan}
_MILLISECONDS = {"ms": 1.0, "s": 1000.0, "us": 0.001}
_MDC = ("urn:iso:std:iso:11073:10101", "urn:oid:2.16.840.1.113883.6.24")


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield a recording for each lead of an Observation, or of those in a Bundle.

    Components of one lead follow each other. Raises NoRecording, Malformed and Unusable.
    """
    whole = read(raw)
    kind = text_of(whole.find("resourceType"))
    if kind == "Bundle":
        found = [entry.member("resource") for entry in whole.member("entry").items()]
    else:
        found = [whole]
    made = [one for part in found if _is_observation(part) for one in _of_observation(part)]
    if not made:
        raise NoRecording("no Observation with SampledData")
    yield from made


def _is_observation(part: Part) -> bool:
    return text_of(part.find("resourceType")) == "Observation"


def _of_observation(part: Part) -> Iterator[Recording]:
    leads: dict[str, list[Part]] = {}
    listed = part.find("component")
    for holder in (part, *(listed.items() if listed else ())):
        data = holder.find("valueSampledData")
        if data is not None:
            leads.setdefault(_code(holder.find("code")), []).append(data)
    for code, pieces in leads.items():
        rates = {_rate(piece) for piece in pieces}
        if len(rates) != 1:
            raise NoRecording(f"{part.path}: a lead with several rates")
        gain, counts = counted(np.concatenate([_microvolts(piece) for piece in pieces]))
        name, device = text_of(part.find("id")), part.find("device")
        yield Recording(
            name=name,
            lead=lead_named(code),
            rate=checked_rate(rates.pop()),
            gain=gain,
            counts=counts,
            start=_start(part),
            device=text_of(device.find("display")) if device else "",
        )


def _code(part: Part | None) -> str:
    coding = part.find("coding") if part else None
    for one in coding.items() if coding else ():
        if text_of(one.find("system")) in _MDC:
            return text_of(one.find("code"))
    return ""


def _rate(data: Part) -> float:
    unit = text_of(data.find("intervalUnit")) or "ms"
    interval = data.find("period") or data.find("interval")
    if interval is None:
        raise Unusable(data.path, "neither period nor interval")
    milliseconds = float(interval.number()) * _MILLISECONDS.get(unit, math.nan)
    if not milliseconds > 0:
        raise Unusable(interval.path, "not an interval in ms, s or us")
    return 1000.0 / milliseconds


def _microvolts(data: Part) -> NDArray[np.float64]:
    origin = data.member("origin")
    unit = text_of(origin.find("code")) or text_of(origin.find("unit"))
    scale = MICROVOLTS.get(unit.lower())
    if scale is None:
        raise Unusable(origin.path, f"not in volts: {unit}")
    if data.member("dimensions").integer() != 1:
        raise Unusable(data.path, "more than one dimension")
    factor = optional_number(data.find("factor"))
    values = _values(data.member("data"))
    zero = float(origin.member("value").number())
    return (zero + values * (1.0 if factor is None else factor)) * scale


def _values(part: Part) -> NDArray[np.float64]:
    words = part.text().split(maxsplit=LONGEST)
    if not words or len(words) > LONGEST:
        raise Unusable(part.path, "no samples, or too many")
    try:
        return np.array([_NO_READING[w] if w in _NO_READING else _number(w) for w in words])
    except ValueError:
        raise Unusable(part.path, "not samples") from None


def _number(word: str) -> float:
    value = float(word)
    if not abs(value) < 1e9:
        raise ValueError(word)
    return value


def _start(part: Part) -> datetime | None:
    period = part.find("effectivePeriod")
    said = period.find("start") if period else part.find("effectiveDateTime")
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said.text())
    except ValueError:
        raise Unusable(said.path, "not an instant") from None
    return None if moment.tzinfo is None else moment.astimezone(UTC)
