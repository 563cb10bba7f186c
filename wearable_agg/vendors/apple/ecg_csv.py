"""The Health app's ECG files. Name and date of birth stand in them, and are dropped unread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from safeguards.strict_json import Malformed
from wearable_agg.measurements.model import EcgRecording, EcgSignal
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.apple.dates import span
from wearable_agg.vendors.apple.ecg import MICROVOLTS, SOURCE
from wearable_agg.vendors.apple.values import number
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.verdicts import verdict
from wearable_agg.vendors.waveforms import LONGEST, rate_of

LARGEST = 8 * 1024 * 1024
PERSONAL_LINES = 2
_ORDER = (
    "Name",
    "Date of Birth",
    "Recorded Date",
    "Classification",
    "Symptoms",
    "Software Version",
    "Device",
    "Sample Rate",
)
"""The first lines of every file; a file in another language is read by their order."""

_SAMPLE = re.compile(r"[+-]?\d{1,7}(?:[.,]\d{1,9})?")
_LEAD = re.compile(r"\b(I|II|III|V[1-6]|aV[RLF])$")

_Fields = dict[str, tuple[str, str]]


def read_ecg_csv(raw: bytes) -> Iterator[Found]:
    """Read an ECG file; raises Malformed and Unusable, whose path is a line."""
    if len(raw) > LARGEST:
        raise Malformed(f"{len(raw)} bytes, more than the {LARGEST} allowed")
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    fields, first_sample = _header(lines)
    rate_text, rate_line = _field(fields, "Sample Rate")
    rate = rate_of(Part(str(number(rate_text.split()[0], rate_line)), rate_line))
    signal, flaw = _signal(lines, first_sample, rate, fields)
    when, line = _field(fields, "Recorded Date")
    times = span(when, when, line)
    seconds = signal.seconds if signal else 0.0
    word, _ = _field(fields, "Classification")
    software, _ = fields.get("Software Version", ("", ""))
    recording = EcgRecording(
        verdict=verdict("apple", word),
        vendor_verdict=word,
        mean_heart_rate=_mean_rate(fields),
        signal=signal,
        start=times.start,
        end=times.end + timedelta(seconds=seconds),
        offset_seconds=times.offset_seconds,
        source=SOURCE,
        device=fields.get("Device", ("", ""))[0],
        vendor_id="",
        flaw=flaw,
        algorithm=f"software {software}" if software else "",
    )
    yield Found(_field(fields, "Classification")[1], recording)


def _header(lines: list[str]) -> tuple[_Fields, int]:
    """Return the fields before the samples, with their lines, and where the samples begin."""
    fields: _Fields = {}
    known = bool(lines) and lines[0].startswith("Name,")
    for index, line in enumerate(lines):
        if _SAMPLE.fullmatch(line.strip().strip('"')):
            return fields, index
        key, comma, value = line.partition(",")
        if not line.strip() or index < PERSONAL_LINES:
            continue
        if not comma or index > 40:
            raise Unusable(f"line {index + 1}", "neither a field nor a sample")
        name = key if known or index >= len(_ORDER) else _ORDER[index]
        fields[name] = value.strip().strip('"'), f"line {index + 1}"
    return fields, len(lines)


def _field(fields: _Fields, name: str) -> tuple[str, str]:
    if name not in fields or not fields[name][0]:
        raise Unusable(name, "missing")
    return fields[name]


def _signal(
    lines: list[str], first: int, rate: float, fields: _Fields
) -> tuple[EcgSignal | None, str]:
    samples = tuple(_samples(lines, first))
    if not samples:
        return None, "no waveform"
    unit = next((value for value, _ in fields.values() if value in MICROVOLTS), "")
    if not unit:
        return None, "a waveform in no unit"
    leads = (_LEAD.search(value) for key, (value, _) in fields.items() if key not in _ORDER)
    lead = next((found[1] for found in leads if found), "")
    return EcgSignal(rate, lead, MICROVOLTS[unit], samples), ""


def _samples(lines: list[str], first: int) -> Iterator[float]:
    if len(lines) - first > LONGEST:
        raise Unusable(f"line {first + LONGEST}", f"more than {LONGEST} samples")
    for index in range(first, len(lines)):
        text = lines[index].strip().strip('"')
        if not text:
            continue
        if not _SAMPLE.fullmatch(text):
            raise Unusable(f"line {index + 1}", "not a sample")
        yield float(text.replace(",", "."))


def _mean_rate(fields: _Fields) -> float | None:
    value, line = fields.get("Average Heart Rate", ("", ""))
    return float(number(value.split()[0], line)) if value else None
