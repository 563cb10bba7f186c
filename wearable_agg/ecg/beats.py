"""The beats of a slice as bytes: three each, as on the wire (docs/ecg-stream.md)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.frames import HIGHEST_HEART_RATE, BeatKind

BEAT = np.dtype([("offset", "<u2"), ("kind", "u1")])
_MILLISECONDS = 1000.0
_SECONDS_PER_MINUTE = 60.0


class NotBeats(ValueError):
    """These bytes are no beats of a heart in a slice of that length; the message says why."""


def beat_bytes(offsets: NDArray[np.uint16], kinds: NDArray[np.uint8]) -> bytes:
    """Write beats: `offsets` in milliseconds from the slice's begin, `kinds` of `BeatKind`."""
    beats = np.empty(len(offsets), BEAT)
    beats["offset"], beats["kind"] = offsets, kinds
    return beats.tobytes()


def read_beats(data: bytes, length: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return offsets and kinds of the beats in a slice of `length` milliseconds.

    Raises NotBeats where they do not rise, lie outside the slice, are of no known kind, or are
    more than a heart could give.
    """
    if len(data) % BEAT.itemsize:
        raise NotBeats(f"{len(data)} bytes are no whole number of beats")
    beats = np.frombuffer(data, BEAT)
    offsets, kinds = beats["offset"], beats["kind"]
    if np.any(np.diff(offsets.astype(np.int64)) <= 0):
        raise NotBeats("beats do not rise")
    if offsets.size and offsets[-1] >= length:
        raise NotBeats(f"a beat after {offsets[-1]} ms in a slice of {length} ms")
    if kinds.size and kinds.max() > max(BeatKind):
        raise NotBeats(f"a beat of kind {kinds.max()}")
    if len(beats) > most_beats(length):
        raise NotBeats(f"{len(beats)} beats in {length} ms")
    return offsets, kinds


def most_beats(length: int) -> int:
    """Return how many beats a slice of `length` milliseconds may hold; seconds count when begun."""
    seconds = math.ceil(length / _MILLISECONDS)
    return round(seconds * HIGHEST_HEART_RATE / _SECONDS_PER_MINUTE)
