"""European Data Format: EDF, EDF+C and EDF+D (Kemp and Olivan, Clin Neurophysiol 2003;114:1755)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.formats.edf_times import MOST_STRETCHES, Stretch, stretches
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
_ECG = re.compile(r"(?:ECG|EKG)(?![^\W\d_])", re.IGNORECASE)
_NAMED = re.compile(r"(?:lead[\s_-]*)?(M?LI{1,3}|I{1,3}|aV[RLF]|V[1-6])(?![^\W_])", re.IGNORECASE)
_LEADS = {name.upper(): name for name in ("I", "II", "III", "aVR", "aVL", "aVF")}
_LIMBS = {"LA-RA": "I", "LL-RA": "II", "LL-LA": "III"}
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
    """Yield the ECG signals of a file, each stretch of an EDF+D by itself; raises NoRecording.

    Signals are told by their label: one that begins with ECG or EKG, or is a lead's name. One that
    cannot be used is left out where another can. EDF has no time zone: the start is read as UTC.
    """
    if len(raw) < _FIXED or raw[:8] != b"0       ":
        raise NoRecording("not an EDF file")
    count, seconds = _whole(raw, 236, 8), _number(raw, 244, 8)
    signals, header = _signals(raw)
    size = sum(signal.samples for signal in signals)
    if count < 1 or not 0 < seconds < 1e6:
        raise NoRecording(f"{count} records of {seconds:g} s")
    if len(raw) < header + 2 * size * count or not size:
        raise NoRecording(f"{len(raw)} bytes, fewer than its header promises")
    data = np.frombuffer(raw, "<i2", size * count, header).reshape(count, size)
    chosen = [signal for signal in signals if _is_ecg(signal.label)]
    if not chosen:
        raise NoRecording("no signal is labelled as an ECG")
    notes = [one for one in signals if one.label == "EDF Annotations"]
    columns = [data[:, one.offset : one.offset + one.samples] for one in notes[:1]]
    parts = stretches(columns[0] if columns else None, _text(raw, 192, 5), count, seconds)
    yield from _usable(data, chosen, seconds, parts, _start(raw))


def _usable(
    data: NDArray[np.int16],
    chosen: Sequence[_Signal],
    seconds: float,
    parts: Sequence[Stretch],
    start: datetime | None,
) -> Iterator[Recording]:
    """Yield the recordings of those signals that can be used; raises NoRecording where none can."""
    if len(parts) * len(chosen) > MOST_STRETCHES:
        raise NoRecording(f"more than {MOST_STRETCHES} stretches of signals")
    refused: list[NoRecording] = []
    for signal in chosen:
        for part in parts:
            begin = start and start + timedelta(seconds=part.onset)
            rows = data[part.first : part.last]
            try:
                made = _recording(rows, signal, signal.samples / seconds, begin)
            except NoRecording as reason:
                refused.append(reason)
                break
            yield made
    if len(refused) == len(chosen):
        raise refused[0]


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


def _is_ecg(label: str) -> bool:
    return bool(_ECG.match(label) or _NAMED.fullmatch(label))


def _lead(label: str) -> str:
    """Return the lead that a label names, empty where it names none that is known."""
    words = _ECG.sub("", label, count=1).lstrip(" _-:")
    if words.upper() in _LIMBS:
        return _LIMBS[words.upper()]
    found = _NAMED.match(words)
    name = "" if found is None else found.group(1).upper()
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
    """Return a field. EDF asks for ASCII; a unit written with a micro sign is common."""
    field = raw[start : start + width]
    try:
        text = field.decode("utf-8")
    except UnicodeDecodeError:
        text = field.decode("latin-1")
    return text.strip().replace("\N{GREEK SMALL LETTER MU}", "\N{MICRO SIGN}")


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
