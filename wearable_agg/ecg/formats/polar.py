"""Polar H10: ECG frames of the PMD service over Bluetooth (Polar's PMD specification).

A frame is 0x00, the time of its last sample (uint64, nanoseconds since 2000-01-01), the frame type
0x00, then samples of three bytes, signed, in microvolts; all little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.recordings import NoRecording, Recording, checked_rate, counted

NOMINAL_RATE = 130.0
"""Hz; the true rate is a little higher and is taken from the frames' own times."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UNSET_UNTIL = datetime(2020, 1, 1, tzinfo=UTC)
_HEADER = struct.Struct("<BQB")
_SAMPLE_BYTES = 3
_FARTHEST_FROM_NOMINAL = 0.05
_SLACK = 0.4
"""Of a frame's length: its time may be off by less without one being lost."""
_ECG = _UNCOMPRESSED = 0


class Frame(NamedTuple):
    """`last` is when its last sample was taken, in nanoseconds of the device's clock."""

    last: int
    microvolts: NDArray[np.int32]


def frame_of(raw: bytes) -> Frame:
    """Read one notification of the PMD data characteristic; raises NoRecording."""
    if len(raw) <= _HEADER.size:
        raise NoRecording(f"a frame of {len(raw)} bytes")
    kind, last, compression = _HEADER.unpack_from(raw)
    if kind != _ECG or compression != _UNCOMPRESSED:
        raise NoRecording(f"measurement {kind} in frame type {compression}: only ECG in type 0")
    if (len(raw) - _HEADER.size) % _SAMPLE_BYTES:
        raise NoRecording(f"a frame of {len(raw)} bytes holds no whole samples")
    triples = np.frombuffer(raw, np.uint8, offset=_HEADER.size).reshape(-1, _SAMPLE_BYTES)
    padded = np.zeros((len(triples), 4), np.uint8)
    padded[:, 1:] = triples
    return Frame(last, (padded.view("<i4").ravel() >> 8).astype(np.int32))


def recordings(frames: Iterable[bytes], device: str = "Polar H10") -> Iterator[Recording]:
    """Yield a recording for each stretch without lost frames and without a reset of the clock.

    A frame that came twice is taken once. `start` is None where the device's clock was never set.
    Raises NoRecording.
    """
    run: list[Frame] = []
    for frame in map(frame_of, frames):
        if run and _same(run[-1], frame):
            continue
        if run and not _follows(run[-1], frame):
            yield _recording(run, device)
            run = []
        run.append(frame)
    if not run:
        raise NoRecording("no frames")
    yield _recording(run, device)


def from_lines(raw: bytes) -> Iterator[Recording]:
    """Read frames written one a line in hexadecimal; raises NoRecording."""
    try:
        frames = [bytes.fromhex(line) for line in raw.decode("ascii").split("\n") if line.strip()]
    except ValueError as error:
        raise NoRecording(f"not frames in hexadecimal: {error}") from error
    return recordings(frames)


def _follows(earlier: Frame, later: Frame) -> bool:
    expected = len(later.microvolts) / NOMINAL_RATE
    return abs((later.last - earlier.last) / 1e9 - expected) < _SLACK * expected


def _same(earlier: Frame, later: Frame) -> bool:
    return earlier.last == later.last and np.array_equal(earlier.microvolts, later.microvolts)


def _recording(run: Sequence[Frame], device: str) -> Recording:
    rate = _true_rate(run)
    microvolts = np.concatenate([frame.microvolts for frame in run]).astype(np.float64)
    gain, counts = counted(microvolts, 1.0)
    first = run[0].last / 1e3 - (len(run[0].microvolts) - 1) * 1e6 / rate
    return Recording("polar", "", rate, gain, counts, _instant(first), device=device)


def _true_rate(run: Sequence[Frame]) -> float:
    seconds = (run[-1].last - run[0].last) / 1e9
    if seconds <= 0:
        return NOMINAL_RATE
    rate = sum(len(frame.microvolts) for frame in run[1:]) / seconds
    if abs(rate - NOMINAL_RATE) > _FARTHEST_FROM_NOMINAL * NOMINAL_RATE:
        raise NoRecording(f"{rate:g} Hz by the frames' times, {NOMINAL_RATE:g} Hz by the device")
    return checked_rate(rate)


def _instant(microseconds: float) -> datetime | None:
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
    return moment if moment >= _UNSET_UNTIL else None
