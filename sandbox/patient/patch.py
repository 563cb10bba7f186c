"""The patch on the chest: numbers what it records and remembers it over a restart."""

from __future__ import annotations

import json
import struct
import time
import uuid
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme

NOMINAL_RATE = 250.0
CRYSTAL_ERROR = 80e-6
"""By how much the patch samples faster than it says, as crystals do."""

MICROVOLTS_PER_COUNT = 2.5
SLICE = 250
"""Samples in a slice: a nominal second."""

OFF_SECONDS = 30.0
_SLICES_AT_A_TIME = 60


@dataclass(frozen=True, slots=True)
class Run:
    """From slice number `sequence` on, the patch recorded without a break from second `slice`."""

    sequence: int
    slice: int


@dataclass(slots=True)
class Memory:
    """What survives a restart of the patch; times in microseconds since 1970."""

    session: str
    serial: str
    seed: int
    origin: int
    onset: float
    end: float
    alive: int
    runs: list[Run] = field(default_factory=lambda: [Run(0, 0)])


class Patch:
    """Records a heart from `origin` on; slices are numbered, and a pause leaves a gap."""

    FILE, MODEL = "patch.json", "Simulated patch"

    def __init__(self, memory: Memory, path: Path) -> None:
        self.memory, self._path = memory, path

    @classmethod
    def switch_on(
        cls, folder: Path, *, seed: int, onset: float, fibrillation: float, stored: float
    ) -> Patch:
        """Continue what `folder` remembers, or put the patch on `stored` seconds ago.

        Fibrillation begins `onset` seconds after the patch was put on and lasts for `fibrillation`
        seconds.
        """
        path = folder / cls.FILE
        if path.exists():
            document = json.loads(path.read_text())
            runs = [Run(**run) for run in document.pop("runs")]
            patch = cls(Memory(**document, runs=runs), path)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            now = _now()
            session, serial = str(uuid.uuid4()), f"SIM{seed:05d}"
            origin = now - round(stored * 1e6)
            memory = Memory(session, serial, seed, origin, onset, onset + fibrillation, now)
            patch = cls(memory, path)
        patch._wake()
        return patch

    @property
    def recorded(self) -> int:
        """How many slices are complete by now."""
        last = self.memory.runs[-1]
        passed = int((_now() - self.memory.origin) / 1e6 / self._slice_seconds)
        return last.sequence + max(0, passed - last.slice)

    def seconds_until(self, sequence: int) -> float:
        """Return how long it takes until a slice is complete."""
        return (self.device_time(sequence + 1) - _now()) / 1e6

    def device_time(self, sequence: int) -> int:
        """Return when a slice begins, in microseconds."""
        return self.memory.origin + round(self._slice(sequence) * self._slice_seconds * 1e6)

    def form(self) -> dict[str, Any]:
        """Return what the hello says of the signal."""
        return {"leads": ["I"], "rate": NOMINAL_RATE, "gain": MICROVOLTS_PER_COUNT}

    def frame(self, sequence: int) -> bytes:
        """Return a slice as its binary frame."""
        counts = self.counts(sequence)
        header = (1, 0, len(counts), sequence, self.device_time(sequence))
        return struct.pack("<BBHIQ", *header) + counts.tobytes()

    def counts(self, sequence: int) -> NDArray[np.int16]:
        """Return the samples of a slice."""
        part, within = divmod(self._slice(sequence), _SLICES_AT_A_TIME)
        return self._part(part)[within * SLICE : (within + 1) * SLICE]

    def follows_gap(self, sequence: int) -> bool:
        """Tell whether the patch was off before this slice."""
        return any(run.sequence == sequence for run in self.memory.runs[1:])

    def remember(self) -> None:
        """Note on disk that the patch is alive now."""
        self.memory.alive = _now()
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self.memory)))
        draft.replace(self._path)

    def _wake(self) -> None:
        """What was recorded before the patch went off is still there; then comes a gap."""
        now = _now()
        if now - self.memory.alive > OFF_SECONDS * 1e6:
            per_slice = self._slice_seconds * 1e6
            last = self.memory.runs[-1]
            kept = int((self.memory.alive - self.memory.origin) / per_slice) - last.slice
            resumed = int((now - self.memory.origin) / per_slice)
            self.memory.runs.append(Run(last.sequence + max(0, kept), resumed))
        self.remember()

    @property
    def _slice_seconds(self) -> float:
        return SLICE / self._rate

    @property
    def _rate(self) -> float:
        return NOMINAL_RATE * (1 + CRYSTAL_ERROR)

    @cached_property
    def _heart(self) -> Heart:
        return Heart(self.memory.seed, Programme(self.memory.onset, self.memory.end))

    def _slice(self, sequence: int) -> int:
        run = max(
            (run for run in self.memory.runs if run.sequence <= sequence),
            key=lambda run: run.sequence,
        )
        return run.slice + sequence - run.sequence

    @lru_cache(maxsize=4)  # noqa: B019  # one patch lives as long as its process
    def _part(self, number: int) -> NDArray[np.int16]:
        length = _SLICES_AT_A_TIME * SLICE
        millivolts = self._heart.millivolts(number * length, length, self._rate)
        counts: NDArray[np.int16] = np.rint(1000 * millivolts / MICROVOLTS_PER_COUNT).astype("<i2")
        return counts


def _now() -> int:
    return time.time_ns() // 1000
