"""European Data Format, EDF and EDF+C (Kemp and Olivan, Clin Neurophysiol 2003;114:1755)."""

from __future__ import annotations

import re
from collections.abc import Iterator
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

MOST_SIGNALS = 256
LARGEST = 512 * 1024 * 1024
_FIXED = 256
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
_LABEL, _UNIT, _PHYSICAL, _DIGITAL, _SAMPLES = 0, 2, (3, 4), (5, 6), 8
_ECG = re.compile(r"^(?:ECG|EKG)?[\s_-]*(I|II|III|aVR|aVL|aVF|V[1-6])?$", re.IGNORECASE)
_LEADS = {name.upper(): name for name in ("I", "II", "III", "aVR", "aVL", "aVF")}
_CLIPPING_YEAR = 85


@dataclass(frozen=True, slots=True)
class _Signal:
    label: str
    unit: str
    physical: tuple[float, float]
    digital: tuple[float, float]
    samples: int
    offset: int


def recordings(raw: bytes) -> Iterator[Recording]:
    """Yield the ECG signals of a file; raises NoRecording.

    EDF has no time zone: the start is read as UTC. EDF+D, whose records need not follow each
    other, is refused.
    """
    if len(raw) < _FIXED or raw[:8] != b"0       ":
        raise NoRecording("not an EDF file")
    if raw[192:197] == b"EDF+D":
        raise NoRecording("EDF+D: its records may have gaps between them")
    count, seconds = _whole(raw, 236, 8), _number(raw, 244, 8)
    signals, header = _signals(raw)
    size = sum(signal.samples for signal in signals)
    if count < 1 or not 0 < seconds < 1e6:
        raise NoRecording(f"{count} records of {seconds:g} s")
    if len(raw) < header + 2 * size * count or not size:
        raise NoRecording(f"{len(raw)} bytes, fewer than its header promises")
    data = np.frombuffer(raw, "<i2", size * count, header).reshape(count, size)
    chosen = [signal for signal in signals if _ECG.match(signal.label) and signal.label]
    if not chosen:
        raise NoRecording("no signal is labelled as an ECG")
    for signal in chosen:
        yield _recording(data, signal, signal.samples / seconds, _start(raw))


def _recording(
    data: NDArray[np.int16], signal: _Signal, rate: float, start: datetime | None
) -> Recording:
    unit = MICROVOLTS.get(signal.unit.lower())
    (low, high), (least, most) = signal.physical, signal.digital
    if unit is None or not most > least or high == low:
        raise NoRecording(f"{signal.label}: no scale to volts")
    factor = (high - low) / (most - least)
    digital = data[:, signal.offset : signal.offset + signal.samples].ravel().astype(np.float64)
    gain, counts = counted(((digital - least) * factor + low) * unit, abs(factor) * unit)
    return Recording(signal.label, _lead(signal.label), checked_rate(rate), gain, counts, start)


def _lead(label: str) -> str:
    found = _ECG.match(label)
    name = "" if found is None else (found.group(1) or "").upper()
    return _LEADS.get(name, name)


def _signals(raw: bytes) -> tuple[list[_Signal], int]:
    number = _whole(raw, 252, 4)
    if not 1 <= number <= MOST_SIGNALS:
        raise NoRecording(f"{number} signals")
    header = _FIXED * (number + 1)
    if _whole(raw, 184, 8) != header or len(raw) < header:
        raise NoRecording("a header that is not as long as it says")
    columns, at = [], _FIXED
    for width in _WIDTHS:
        columns.append([(at + i * width, width) for i in range(number)])
        at += number * width
    signals, offset = [], 0
    for i in range(number):
        samples = _whole(raw, *columns[_SAMPLES][i])
        if not 0 <= samples <= 10_000_000:
            raise NoRecording(f"{samples} samples in a record")
        low, high = (_number(raw, *columns[n][i]) for n in _PHYSICAL)
        least, most = (_number(raw, *columns[n][i]) for n in _DIGITAL)
        label, unit = (_text(raw, *columns[n][i]) for n in (_LABEL, _UNIT))
        signals.append(_Signal(label, unit, (low, high), (least, most), samples, offset))
        offset += samples
    return signals, header


def _start(raw: bytes) -> datetime | None:
    try:
        moment = datetime.strptime(_text(raw, 168, 16), "%d.%m.%y%H.%M.%S")
    except ValueError:
        return None
    century = 1900 if moment.year % 100 >= _CLIPPING_YEAR else 2000
    return moment.replace(year=century + moment.year % 100, tzinfo=UTC)


def _text(raw: bytes, start: int, width: int) -> str:
    try:
        return raw[start : start + width].decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise NoRecording(f"byte {start}: not ASCII") from error


def _number(raw: bytes, start: int, width: int) -> float:
    text = _text(raw, start, width)
    try:
        value = float(text)
    except ValueError:
        raise NoRecording(f"byte {start}: {text!r} is no number") from None
    if not abs(value) < 1e12:
        raise NoRecording(f"byte {start}: {text!r} is no number")
    return value


def _whole(raw: bytes, start: int, width: int) -> int:
    value = _number(raw, start, width)
    if value != int(value):
        raise NoRecording(f"byte {start}: not a whole number")
    return int(value)
