"""A chest strap, or a watch, that tells when the heart beats and records no ECG."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

import numpy as np

from sandbox.patient.patch import Patch
from sandbox.patient.rhythm import Floats, Programme, beats

SLICE_SECONDS = 1.0
_PART = 60.0
_BEATS, _NOT_TOLD = 255, 0


class Strap(Patch):
    """Listens to a heart as a patch does, slices of a second with the beats that fell in them."""

    FILE, MODEL = "strap.json", "Simulated strap"
    SENSOR = "electric"

    def form(self) -> dict[str, Any]:
        """Return what the hello says of the signal."""
        return {"signal": "beats", "sensor": self.SENSOR}

    def frame(self, sequence: int) -> bytes:
        """Return a slice as its binary frame."""
        offsets = self.offsets(sequence)
        header = (1, _BEATS, len(offsets), sequence, self.device_time(sequence))
        told = b"".join(struct.pack("<HB", offset, _NOT_TOLD) for offset in offsets)
        return struct.pack("<BBHIQH", *header, round(1000 * SLICE_SECONDS)) + told

    def offsets(self, sequence: int) -> list[int]:
        """Return when in a slice the heart beats, in milliseconds."""
        second = self._slice(sequence) * SLICE_SECONDS
        times = self._times(int(second // _PART))
        inside = times[(times >= second) & (times < second + SLICE_SECONDS)]
        offsets: list[int] = np.unique(((inside - second) * 1000).astype(int)).tolist()
        return offsets

    @property
    def _slice_seconds(self) -> float:
        return SLICE_SECONDS

    @lru_cache(maxsize=4)  # noqa: B019  # one strap lives as long as its process
    def _times(self, part: int) -> Floats:
        memory = self.memory
        programme = Programme(memory.onset, memory.end)
        return beats(memory.seed, programme, part * _PART, (part + 1) * _PART).times


class Watch(Strap):
    """Finds the same beats in the pulse."""

    FILE, MODEL = "watch.json", "Simulated watch"
    SENSOR = "optical"
