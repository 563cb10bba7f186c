"""One lead of a recorded ECG, wherever it came from, and the slices of a stream it is cut into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.frames import HIGHEST_RATE, INVALID_SAMPLE, LOWEST_RATE, Samples

SLICE_SECONDS = 1.0
MICROVOLTS_PER_MILLIVOLT = 1000.0
MICROVOLTS = {"mv": 1000.0, "uv": 1.0, "µv": 1.0, "v": 1e6}
_FOR_RHYTHM = ("I", "II", "MLII", "ECG", "ECG1")
_LARGEST = 32767
_RATE = re.compile(r"\d+(\.\d*)?([eE][+-]?\d{1,3})?(/\S*)?")
WFDB_SUFFIXES = (".hea", ".dat", ".mat", ".atr", ".qrs")

FINEST_GAIN = 0.1
"""Microvolts per count where a format has floating-point samples: finer than any device's noise."""


class NoRecording(Exception):
    """There is no record that could be streamed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One lead of a record: counts of `gain` microvolts at the true `rate` in Hz.

    `start` is aware UTC, None where the format does not tell it. `verdict` is a word of
    config/clinical/verdicts.toml, `vendor_verdict` the vendor's own.
    """

    name: str
    lead: str
    rate: float
    gain: float
    counts: NDArray[np.int16]
    start: datetime | None = None
    verdict: str = "not_analyzed"
    vendor_verdict: str = ""
    device: str = ""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.counts) / self.rate

    def millivolts(self, counts: NDArray[np.int16]) -> NDArray[np.float32]:
        """Return counts of this recording in millivolts, NaN where there is no reading."""
        return millivolts(counts, self.gain)

    def slices(self, start: int) -> list[Samples]:
        """Cut it into slices of a second, the first at device time `start` (microseconds)."""
        length = round(self.rate * SLICE_SECONDS)
        return [
            Samples(0, number, start + round(at * 1e6 / self.rate), self.counts[at : at + length])
            for number, at in enumerate(range(0, len(self.counts), length))
        ]


def millivolts(counts: NDArray[np.int16], gain: float) -> NDArray[np.float32]:
    """Return counts of `gain` microvolts in millivolts, NaN where there is no reading."""
    scale = np.float32(gain / MICROVOLTS_PER_MILLIVOLT)
    values: NDArray[np.float32] = np.multiply(counts, scale, dtype=np.float32)
    if counts.size and counts.min() == INVALID_SAMPLE:
        values[counts == INVALID_SAMPLE] = np.nan
    return values


def counted(
    microvolts: NDArray[np.float64], gain: float = FINEST_GAIN
) -> tuple[float, NDArray[np.int16]]:
    """Return microvolts per count, `gain` where the signal fits, and the counts.

    NaN becomes the count for "no reading".
    """
    missing = np.isnan(microvolts)
    largest = float(np.abs(microvolts[~missing]).max(initial=0.0))
    gain = max(gain, largest / _LARGEST)
    counts = np.where(missing, INVALID_SAMPLE, np.rint(np.nan_to_num(microvolts) / gain))
    return gain, counts.astype(np.int16)


def checked_rate(rate: float) -> float:
    """Return a rate that can be analysed; raises NoRecording for any other."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise NoRecording(f"{rate:g} Hz: streams carry {LOWEST_RATE:g} to {HIGHEST_RATE:g} Hz")
    return rate


def read_wfdb(path: Path, lead: str | None) -> Recording:
    """Read a lead of a WFDB record (`path` without suffix), by default the best for rhythm.

    Raises NoRecording.
    """
    record = _record(path)
    names = [str(name) for name in record.sig_name]
    if lead is None:
        return _recording(record, next(_in_order(names)))
    if lead not in names:
        raise NoRecording(f"no lead {lead}: the record has {', '.join(names)}")
    return _recording(record, names.index(lead))


def read_wfdb_leads(path: Path) -> list[Recording]:
    """Read every lead of a WFDB record that is in volts, the best for rhythm first.

    Raises NoRecording.
    """
    record = _record(path)
    refused: list[NoRecording] = []
    leads = []
    for number in _in_order([str(name) for name in record.sig_name]):
        try:
            leads.append(_recording(record, number))
        except NoRecording as reason:
            refused.append(reason)
    if not leads:
        raise refused[0]
    return leads


def best_for_rhythm(leads: Sequence[Recording]) -> Recording:
    """Return the lead that shows the rhythm best, by its name; the first where none is known."""
    names = [one.lead for one in leads]
    return leads[next(_in_order(names))]


def wfdb_stem(path: Path) -> Path:
    """Return the path of a WFDB record without suffix; raises NoRecording where there is none.

    A header whose rate cannot be read is refused: readers would take 250 Hz for it.
    """
    stem = path.with_suffix("") if path.suffix in WFDB_SUFFIXES else path
    header = stem.with_name(stem.name + ".hea")
    if not header.exists():
        raise NoRecording(f"there is no {header}: give the path of a WFDB record without suffix")
    try:
        lines = header.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise NoRecording(f"{header}: {error}") from error
    told = next((line for line in lines if line.strip() and not line.startswith("#")), "").split()
    if len(told) > 2 and not (_RATE.fullmatch(told[2]) and float(told[2].partition("/")[0]) > 0):
        raise NoRecording(f"{header}: {told[2]} is no rate in Hz")
    return stem


def _record(path: Path) -> Any:
    import wfdb  # brings pandas and matplotlib's kin along: only who replays pays for it

    stem = wfdb_stem(path)
    try:
        record = wfdb.rdrecord(str(stem))
    except FileNotFoundError as error:
        raise NoRecording(
            f"{error.filename} is missing: the record's signal is needed, not only its annotations"
        ) from error
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise NoRecording(f"{stem} is not a readable WFDB record: {error}") from error
    if record.p_signal is None or record.p_signal.size == 0:
        raise NoRecording(f"{stem} holds annotations only, no signal: choose a record with a .dat")
    return record


def _recording(record: Any, chosen: int) -> Recording:
    name = str(record.sig_name[chosen])
    rate = checked_rate(float(record.fs))
    unit = MICROVOLTS.get(str(record.units[chosen]).lower())
    if unit is None:
        raise NoRecording(f"lead {name} is in {record.units[chosen]}, not in volts")
    own_gain = abs(unit / float(record.adc_gain[chosen]))
    gain, counts = counted(record.p_signal[:, chosen] * unit, own_gain)
    return Recording(str(record.record_name), name, rate, gain, counts)


def _in_order(names: Sequence[str]) -> Iterator[int]:
    """Yield the places of leads, the best for rhythm first, then as they come."""
    best = next((names.index(name) for name in _FOR_RHYTHM if name in names), 0)
    yield best
    yield from (number for number in range(len(names)) if number != best)
