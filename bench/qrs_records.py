"""Annotated records for the QRS benchmarks, and how found beats are matched with them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import wfdb
from numpy.typing import NDArray

TOLERANCE = 0.150
"""Seconds within which a found beat matches a reference beat (ANSI/AAMI EC57)."""

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Record:
    """One lead in millivolts, its reference beats and the ventricular flutter left out, in s."""

    name: str
    rate: float
    signal: NDArray[np.float32]
    beats: NDArray[np.float64]
    left_out: tuple[tuple[float, float], ...]

    @property
    def seconds(self) -> float:
        return len(self.signal) / self.rate


class Matches(NamedTuple):
    """Beats found and right, missed, and false."""

    found: int
    missed: int
    false: int

    @property
    def sensitivity(self) -> float:
        return 100.0 * self.found / (self.found + self.missed)

    @property
    def positive_predictivity(self) -> float:
        return 100.0 * self.found / max(self.found + self.false, 1)

    @property
    def f1(self) -> float:
        return 200.0 * self.found / (2 * self.found + self.missed + self.false)


def shared_ecg() -> Path | None:
    """Return the folder of annotated records, None where there is none."""
    shared = os.environ.get("WRISTCHART_SHARED_DATA")
    folder = (Path(shared) if shared else ROOT.parent / "shared" / "data") / "ecg"
    return folder if folder.is_dir() else None


def stop_without_records() -> NoReturn:
    """Say that there is nothing to measure on and end without an error."""
    print("No annotated records found: set WRISTCHART_SHARED_DATA to the folder that holds ecg/.")
    sys.exit(0)


def mitdb(folder: Path) -> Iterator[Record]:
    """Read every record of the MIT-BIH Arrhythmia Database below `folder`, first lead."""
    for header in sorted((folder / "mitdb").glob("*.hea")):
        yield read_record(header.with_suffix(""))


def read_record(path: Path) -> Record:
    """Read the first lead and the beat annotations of one WFDB record."""
    record = wfdb.rdrecord(str(path), channels=[0])
    notes = wfdb.rdann(str(path), "atr")
    pairs = list(zip(notes.sample / record.fs, notes.symbol, strict=True))
    flutter_begins = [time for time, symbol in pairs if symbol == "["]
    flutter_ends = [time for time, symbol in pairs if symbol == "]"]
    return Record(
        name=path.name,
        rate=float(record.fs),
        signal=record.p_signal[:, 0].astype(np.float32),
        beats=np.array([time for time, symbol in pairs if symbol in BEAT_SYMBOLS]),
        left_out=tuple(zip(flutter_begins, flutter_ends, strict=True)),
    )


def match(record: Record, found: NDArray[np.float64]) -> Matches:
    """Pair each reference beat with the nearest beat found that is within the tolerance."""
    reference, found = _kept(record, record.beats), _kept(record, found)
    used = np.zeros(len(found), bool)
    for beat in reference:
        first, last = np.searchsorted(found, (beat - TOLERANCE, beat + TOLERANCE))
        free = [i for i in range(first, last) if not used[i]]
        if free:
            used[min(free, key=lambda i: abs(found[i] - beat))] = True
    right = int(used.sum())
    return Matches(right, len(reference) - right, len(found) - right)


def _kept(record: Record, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    for start, end in record.left_out:
        beats = beats[(beats < start - TOLERANCE) | (beats > end + TOLERANCE)]
    return beats
