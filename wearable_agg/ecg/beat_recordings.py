"""Heart beats of a record without their ECG, and the slices of a stream that they are cut into."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.beats import beat_bytes
from wearable_agg.ecg.frames import BeatKind, Beats

SLICE = 10_000
"""Milliseconds in a slice."""


@dataclass(frozen=True, slots=True)
class BeatRecording:
    """When the heart beat, in seconds from the begin of the record `name`; rising."""

    name: str
    beats: NDArray[np.float64]

    @property
    def seconds(self) -> float:
        """How long it lasts: up to its last beat."""
        return float(self.beats[-1])

    def slices(self, start: int) -> list[Beats]:
        """Cut it into slices of 10 s, the first at device time `start` (microseconds)."""
        millis = np.unique(np.rint(1000 * self.beats).astype(np.int64))
        edges = np.searchsorted(millis, np.arange(0, millis[-1] + SLICE + 1, SLICE))
        return [
            Beats(n, start + 1000 * SLICE * n, SLICE, _told(millis[first:last] - SLICE * n))
            for n, (first, last) in enumerate(pairwise(edges.tolist()))
        ]


def _told(offsets: NDArray[np.int64]) -> bytes:
    return beat_bytes(offsets.astype(np.uint16), np.full(len(offsets), BeatKind.NOT_TOLD, np.uint8))
