"""The development records: signals, beats, rhythm, and who the patient is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from bench.qrs_records import BEAT_SYMBOLS, shared_ecg, stop_without_records
from wearable_agg.validation.spans import Span

WAVEFORMS = ("mitdb", "mimic_perform_af", "cpsc2021")
INTERVALS = ("afdb", "nsrdb", "mitdb")
SPOT_KINDS = ("N", "A", "O", "~")

_BEAT_FILES = {"afdb": "qrs", "nsrdb": "atr", "mitdb": "atr"}
_RATES = {"afdb": 250.0, "nsrdb": 128.0, "mitdb": 360.0}
_VENTRICULAR = frozenset("VFEr/f")
_QRS_REACH = 0.05
_SAME_PATIENT = {"202": "201"}
"""Two records of MITDB are of one subject."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record's rhythm: spans of fibrillation and of what counts neither way, in seconds."""

    database: str
    name: str
    patient: str
    seconds: float
    fibrillation: tuple[Span, ...]
    excluded: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Waveform:
    """One lead in millivolts with its rhythm."""

    label: Labelled
    rate: float
    signal: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Annotated beats in seconds, which of them are ventricular, and the rhythm."""

    label: Labelled
    beats: NDArray[np.float64]
    ectopic: NDArray[np.bool_]


def folder() -> Path:
    """Return where the records are; end the program where there are none."""
    return shared_ecg() or stop_without_records()


def waveforms(database: str) -> Iterator[Waveform]:
    """Read the first lead of every record of a database."""
    for header in sorted((folder() / database).glob("*.hea")):
        path = header.with_suffix("")
        record = wfdb.rdrecord(str(path), channels=[0])
        signal = np.nan_to_num(record.p_signal[:, 0]).astype(np.float32)
        rate = float(record.fs)
        yield Waveform(_label(database, path, len(signal) / rate, rate), rate, signal)


def intervals(database: str) -> Iterator[Intervals]:
    """Read the annotated beats of every record of a database."""
    for header in sorted((folder() / database).glob("*.hea")):
        path = header.with_suffix("")
        notes = wfdb.rdann(str(path), _BEAT_FILES[database])
        chosen = np.isin(notes.symbol, list(BEAT_SYMBOLS))
        beats = notes.sample[chosen] / _RATES[database]
        ectopic = np.isin(np.array(notes.symbol)[chosen], list(_VENTRICULAR))
        label = _label(database, path, float(beats[-1]), _RATES[database])
        yield Intervals(label, beats, ectopic)


def spot_recordings() -> Iterator[tuple[NDArray[np.float32], float, int]]:
    """Read each recording of CinC 2017: millivolts, rate, and its place in SPOT_KINDS."""
    with np.load(folder() / "cinc2017" / "cinc2017.npz", allow_pickle=True) as archive:
        steps, offsets = archive["delta"], archive["offsets"]
        labels, rate = archive["labels"], float(archive["fs"])
        gain = float(archive["gain_adu_per_mV"])
    for i, label in enumerate(labels):
        counts = np.cumsum(steps[offsets[i] : offsets[i + 1]].astype(np.int64)).astype(np.int16)
        yield (counts / gain).astype(np.float32), rate, SPOT_KINDS.index(str(label))


def noise(kind: str, rate: float, half: int) -> NDArray[np.float64]:
    """Return half of a record of NSTDB, em or ma, both channels on end, at `rate`, mean zero.

    Half 0 is for training and half 1 for evaluation.
    """
    record = wfdb.rdrecord(str(folder() / "nstdb" / kind))
    middle = len(record.p_signal) // 2
    part = record.p_signal[:middle] if half == 0 else record.p_signal[middle:]
    joined = np.concatenate([channel - channel.mean() for channel in part.T])
    times = np.arange(0.0, len(joined) / record.fs, 1.0 / rate)
    resampled: NDArray[np.float64] = np.interp(times, np.arange(len(joined)) / record.fs, joined)
    return resampled


def noisy(clean: Waveform, sound: NDArray[np.float64], decibels: float, at: int) -> Waveform:
    """Add noise from sample `at` of `sound` on, by its whole power, drift and jerks included.

    The signal's power is an eighth of the square of the median range of a second.
    """
    second = int(clean.rate)
    whole = clean.signal[: len(clean.signal) // second * second].reshape(-1, second)
    power = np.median(np.ptp(whole, axis=1)) ** 2 / 8.0
    added = np.resize(np.roll(sound, -at), len(clean.signal))
    scale = np.sqrt(power / 10.0 ** (decibels / 10.0) / added.var())
    return Waveform(clean.label, clean.rate, (clean.signal + scale * added).astype(np.float32))


def noisy_by_nst(
    clean: Waveform,
    beats: NDArray[np.float64],
    sound: NDArray[np.float64],
    decibels: float,
    at: int,
) -> Waveform:
    """Add noise scaled as WFDB's `nst` does, which is louder: jerks and drift do not count.

    The signal's power is an eighth of the square of the peak-to-peak amplitude within 50 ms of
    the R peaks `beats` (s); that of the noise is the square of its root mean square in a second
    about its mean there. Of both, the middle nine tenths are averaged.
    """
    second, reach = int(clean.rate), int(_QRS_REACH * clean.rate)
    places = np.round(beats * clean.rate).astype(int)
    places = places[(places > reach) & (places < len(clean.signal) - reach - 1)]
    height = _trimmed([np.ptp(clean.signal[i - reach : i + reach + 1]) for i in places])
    loudness = _trimmed(sound[: len(sound) // second * second].reshape(-1, second).std(axis=1))
    scale = height / np.sqrt(8.0) / loudness / 10.0 ** (decibels / 20.0)
    added = scale * np.resize(np.roll(sound, -at), len(clean.signal))
    return Waveform(clean.label, clean.rate, (clean.signal + added).astype(np.float32))


def _trimmed(values: Sequence[float] | NDArray[np.float64]) -> float:
    """Return the mean without the largest and the smallest 5 %."""
    ordered = np.sort(values)
    few = int(0.05 * len(ordered))
    return float(ordered[few : len(ordered) - few].mean())


def _label(database: str, path: Path, seconds: float, rate: float) -> Labelled:
    name = path.name
    patient = _SAME_PATIENT.get(name, name)
    if database == "cpsc2021":
        patient = name.split("_")[1]
    if database == "mimic_perform_af":
        af: tuple[Span, ...] = () if "_non_" in name else ((0.0, seconds),)
        return Labelled(database, name, f"{database}/{patient}", seconds, af, ())
    notes = wfdb.rdann(str(path), "atr")
    changes = [
        (sample / rate, found.group())
        for sample, text in zip(notes.sample, notes.aux_note, strict=True)
        if (found := re.match(r"\(\w+", text))
    ]
    names = ("(AFIB", "(AFL") if database == "cpsc2021" else ("(AFIB",)
    left_out = () if database == "cpsc2021" else ("(AFL",)
    if database == "afdb":
        left_out = ("(AFL", "(J")
    return Labelled(
        database,
        name,
        f"{database}/{patient}",
        seconds,
        _spans(changes, names, seconds),
        _spans(changes, left_out, seconds),
    )


def _spans(
    changes: list[tuple[float, str]], names: tuple[str, ...], seconds: float
) -> tuple[Span, ...]:
    ends = [*(time for time, _ in changes), seconds][1:] if changes else []
    return tuple(
        (start, end) for (start, name), end in zip(changes, ends, strict=True) if name in names
    )
