"""HL7 FHIR: ECG as SampledData, in one component a lead or in components of 10 s, R4 and R5."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from wearable_agg.ecg.sampled_components import LEAD_IN_WORDS, lead_named, unspecified_lead
from wearable_agg.measurements.model import LONGEST_WORD
from wearable_agg.vendors.answers import Part, optional_number, read, text_of
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.waveforms import LONGEST

_NO_READING = {"E": math.nan, "U": math.nan, "L": math.nan}
_MILLISECONDS = {"ms": 1.0, "s": 1000.0, "us": 0.001}
_MDC = ("urn:iso:std:iso:11073:10101", "urn:oid:2.16.840.1.113883.6.24")
_VOID = ("entered-in-error", "cancelled")
_LONGER = 1.1
"""How much longer than the time it is said to take the pieces of a lead may be together."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What a component is called: pieces of one lead have the same name."""

    codings: tuple[tuple[str, str], ...]
    text: str

    @property
    def lead(self) -> str:
        """The lead's usual name, else what the words say, empty where neither tells."""
        codes = [code for system, code in self.codings if system in _MDC]
        coded = next((name for code in codes if (name := lead_named(code))), "")
        return coded or self.text.removeprefix(LEAD_IN_WORDS)[:LONGEST_WORD]

    @property
    def tells(self) -> bool:
        """Whether it says which lead is meant."""
        return bool(self.text or {code for _, code in self.codings} - {unspecified_lead()})


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield a recording for each lead of an Observation, or of those in a Bundle.

    Components of one code and text follow each other. What was entered in error is left out.
    Raises NoRecording, Malformed and Unusable.
    """
    whole = read(raw)
    kind = text_of(whole.find("resourceType"))
    if kind == "Bundle":
        found = [entry.member("resource") for entry in whole.member("entry").items()]
    else:
        found = [whole]
    observations = [part for part in found if _is_observation(part)]
    valid = [part for part in observations if text_of(part.find("status")) not in _VOID]
    if observations and not valid:
        raise NoRecording("entered in error, or cancelled")
    made = [one for part in valid for one in _of_observation(part)]
    if not made:
        raise NoRecording("no Observation with SampledData")
    yield from made


def _is_observation(part: Part) -> bool:
    return text_of(part.find("resourceType")) == "Observation"


def _of_observation(part: Part) -> Iterator[Recording]:
    leads: dict[_Name, list[Part]] = {}
    listed = part.find("component")
    for holder in (part, *(listed.items() if listed else ())):
        data = holder.find("valueSampledData")
        if data is not None:
            leads.setdefault(_name(holder.find("code")), []).append(data)
    start, seconds = _time(part)
    for name, pieces in leads.items():
        if len(pieces) > 1 and not name.tells:
            raise NoRecording(f"{part.path}: {len(pieces)} components that do not name their lead")
        rate = _rate_of_all(part, pieces)
        microvolts = np.concatenate([_microvolts(piece) for piece in pieces])
        if len(pieces) > 1 and seconds and len(microvolts) / rate > _LONGER * seconds + 1:
            raise NoRecording(f"{part.path}: a lead longer than the recording: told twice?")
        gain, counts = counted(microvolts)
        device = part.find("device")
        yield Recording(
            name=text_of(part.find("id")),
            lead=name.lead,
            rate=rate,
            gain=gain,
            counts=counts,
            start=start,
            device=text_of(device.find("display")) if device else "",
        )


def _name(part: Part | None) -> _Name:
    if part is None:
        return _Name((), "")
    coding = part.find("coding")
    codings = tuple(
        (text_of(one.find("system")), text_of(one.find("code")))
        for one in (coding.items() if coding else ())
    )
    return _Name(codings, text_of(part.find("text")).strip())


def _rate_of_all(part: Part, pieces: Sequence[Part]) -> float:
    rates = {_rate(piece) for piece in pieces}
    if len(rates) != 1:
        raise NoRecording(f"{part.path}: a lead with several rates")
    return checked_rate(rates.pop())


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


def _time(part: Part) -> tuple[datetime | None, float | None]:
    """Return when the recording began, and how many seconds it is said to last."""
    period = part.find("effectivePeriod")
    if period is None:
        return _instant(part.find("effectiveDateTime") or part.find("effectiveInstant")), None
    start, end = _instant(period.find("start")), _instant(period.find("end"))
    return start, (end - start).total_seconds() if start and end else None


def _instant(said: Part | None) -> datetime | None:
    """Read a dateTime or an instant; None for a date without time, or a time without offset."""
    if said is None or "T" not in said.text():
        return None
    try:
        moment = datetime.fromisoformat(said.text())
    except ValueError:
        raise Unusable(said.path, "not an instant") from None
    return None if moment.tzinfo is None else moment.astimezone(UTC)
