"""HL7 version 3 annotated ECG (ANSI/HL7 V3 ECG, R1-2004)."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.recordings import (
    MICROVOLTS,
    NoRecording,
    Recording,
    checked_rate,
    counted,
)
from wearable_agg.vendors.apple.xml_source import clean
from wearable_agg.vendors.waveforms import LONGEST

_SPACE = "{urn:hl7-org:v3}"
_LEAD = "MDC_ECG_LEAD_"
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_RHYTHM = ("RHYTHM", "")
_INSTANT = re.compile(r"(\d{12}(?:\d{2})?)(\.\d+)?([+-]\d{4})?")
_NAMES = {name.upper(): name for name in ("I", "II", "III", "aVR", "aVL", "aVF")}


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield every lead of the rhythm series; raises NoRecording and Malformed.

    A series derived from another, such as a representative beat, is no rhythm and is left out.
    A time without zone is read as UTC. Entities are never resolved.
    """
    root = _root(raw)
    if root.tag != f"{_SPACE}AnnotatedECG":
        raise NoRecording("not an annotated ECG")
    found = False
    for series in root.findall(f"{_SPACE}component/{_SPACE}series"):
        if _code(series) not in _RHYTHM:
            continue
        for sequences in series.findall(f"{_SPACE}component/{_SPACE}sequenceSet"):
            for one in _leads(sequences, _begin(series)):
                found = True
                yield one
    if not found:
        raise NoRecording("no leads of a rhythm series")


def _leads(sequences: ElementTree.Element, begin: datetime | None) -> Iterator[Recording]:
    rate, start = _time(sequences)
    for sequence in sequences.iter(f"{_SPACE}sequence"):
        lead = _code(sequence)
        if not lead.startswith(_LEAD):
            continue
        name = lead.removeprefix(_LEAD)
        gain, counts = counted(*_samples(sequence))
        yield Recording("aECG", _NAMES.get(name, name), rate, gain, counts, start or begin)


def _begin(series: ElementTree.Element) -> datetime | None:
    """Return when a series says that it began: its leads may tell their time from there."""
    low = series.find(f"{_SPACE}effectiveTime/{_SPACE}low")
    return None if low is None else _instant(low.get("value", ""))


def _root(raw: bytes) -> ElementTree.Element:
    parser: ElementTree.XMLParser[ElementTree.Element] = ElementTree.XMLParser()  # noqa: S314 the document type is cut out
    try:
        for piece in clean(io.BytesIO(raw)):
            parser.feed(piece)
        return parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter: encodings
        raise NoRecording(f"not XML: {error}") from error


def _code(element: ElementTree.Element) -> str:
    code = element.find(f"{_SPACE}code")
    return "" if code is None else code.get("code", "")


def _time(sequences: ElementTree.Element) -> tuple[float, datetime | None]:
    for sequence in sequences.iter(f"{_SPACE}sequence"):
        if not _code(sequence).startswith("TIME_"):
            continue
        value = _child(sequence, "value")
        step = _child(value, "increment")
        seconds = _number(step) * _SECONDS.get(step.get("unit", ""), math.nan)
        if not seconds > 0:
            raise NoRecording("no increment of time")
        return checked_rate(1 / seconds), _instant(_child(value, "head").get("value", ""))
    raise NoRecording("leads without time")


def _samples(sequence: ElementTree.Element) -> tuple[NDArray[np.float64], float]:
    value = _child(sequence, "value")
    origin, scale = _child(value, "origin"), _child(value, "scale")
    unit = MICROVOLTS.get(scale.get("unit", "").lower())
    zero = MICROVOLTS.get(origin.get("unit", scale.get("unit", "")).lower())
    words = (_child(value, "digits").text or "").split(maxsplit=LONGEST)
    if unit is None or zero is None or not words or len(words) > LONGEST:
        raise NoRecording("samples without number or unit")
    try:
        digits = np.array([int(word) for word in words], np.float64)
    except (ValueError, OverflowError) as error:
        raise NoRecording(f"not samples: {error}") from error
    step = _number(scale) * unit
    if not 0 < abs(step) < 1e6 or not np.all(np.abs(digits) < 1e9):
        raise NoRecording("samples beyond reason")
    return digits * step + _number(origin) * zero, abs(step)


def _child(parent: ElementTree.Element, name: str) -> ElementTree.Element:
    found = parent.find(f"{_SPACE}{name}")
    if found is None:
        raise NoRecording(f"{parent.tag.removeprefix(_SPACE)} without {name}")
    return found


def _number(element: ElementTree.Element) -> float:
    try:
        value = float(element.get("value", "0"))
    except ValueError as error:
        raise NoRecording(str(error)) from error
    if not math.isfinite(value):
        raise NoRecording("not a number")
    return value


def _instant(text: str) -> datetime | None:
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    digits, fraction, zone = found.groups()
    try:
        moment = datetime.strptime(digits.ljust(14, "0") + (zone or "+0000"), "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return moment.astimezone(UTC) + timedelta(seconds=float(fraction or 0))
