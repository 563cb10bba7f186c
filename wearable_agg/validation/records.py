"""Annotated WFDB records, read for a validation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.recordings import NoRecording, Recording, read_wfdb, wfdb_stem
from wearable_agg.validation.annotations import (
    FIBRILLATION,
    FLUTTER,
    JUNCTIONAL,
    Annotations,
    Reference,
    beats_in,
    between,
    labelled,
)
from wearable_agg.validation.spans import Span

RHYTHMS = "atr"
BEATS = "qrs"
_RHYTHM_OF_ALL = re.compile(r"\brhythm:\s*(\S+)")
_WHOLLY_FIBRILLATING = "AFIB"


@dataclass(frozen=True, slots=True)
class AnnotatedRecord:
    """A record and the truth about it; without waveform `recording` is None.

    `beats` are the annotated beats (s) that stand for the signal where there is no waveform, and
    `seconds` is how long the record lasts, then up to its last beat.
    """

    name: str
    recording: Recording | None
    beats: NDArray[np.float64]
    seconds: float
    reference: Reference


def records_at(path: Path) -> list[Path]:
    """Return the records of a folder, or the one record at `path`, without suffix.

    Raises NoRecording where there is none.
    """
    if path.is_dir():
        headers = sorted(path.glob("*.hea"))
        if not headers:
            raise NoRecording(f"{path} holds no WFDB records (*.hea)")
        return [header.with_suffix("") for header in headers]
    return [wfdb_stem(path)]


def read_annotated(path: Path, lead: str | None = None) -> AnnotatedRecord:
    """Read a record (`path` without suffix) with its annotations. Raises NoRecording."""
    import wfdb  # slow to import, and needed by nobody else of the command line

    wfdb_stem(path)
    header = _checked(path, lambda: wfdb.rdheader(str(path)))
    rate = float(header.fs)
    rhythm_notes, beat_notes = (_notes(path, kind, rate) for kind in (RHYTHMS, BEATS))
    beats = _beats(beat_notes, rhythm_notes)
    recording = _recording(path, header, lead)
    if recording is None and not len(beats):
        raise NoRecording(f"{path} has neither a waveform nor annotated beats")
    seconds = float(beats[-1]) if recording is None else recording.seconds
    reference = _reference(rhythm_notes, beats, seconds, "\n".join(header.comments))
    return AnnotatedRecord(path.name, recording, beats, seconds, reference)


def _recording(path: Path, header: Any, lead: str | None) -> Recording | None:
    files = {str(name) for name in header.file_name or ()}
    if not files or not all(path.with_name(name).exists() for name in files):
        return None
    return read_wfdb(path, lead)


def _checked(path: Path, read: Any) -> Any:
    try:
        return read()
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise NoRecording(f"{path} is not a readable WFDB record: {error}") from error


def _notes(path: Path, kind: str, rate: float) -> Annotations | None:
    import wfdb

    if not path.with_name(f"{path.name}.{kind}").exists():
        return None
    notes = _checked(path, lambda: wfdb.rdann(str(path), kind))
    return Annotations(notes.sample / rate, notes.symbol, notes.aux_note)


def _beats(beat_notes: Annotations | None, rhythm_notes: Annotations | None) -> NDArray[np.float64]:
    notes = beat_notes or rhythm_notes
    return np.zeros(0) if notes is None else beats_in(notes)


def _reference(
    notes: Annotations | None, beats: NDArray[np.float64], seconds: float, comments: str
) -> Reference:
    known = beats if len(beats) else None
    if notes is None:
        return Reference(known, _of_whole_record(comments, seconds))
    return Reference(
        known,
        labelled(notes, FIBRILLATION, seconds),
        labelled(notes, FLUTTER, seconds),
        labelled(notes, JUNCTIONAL, seconds),
        between(notes, "[", "]", seconds),
    )


def _of_whole_record(comments: str, seconds: float) -> tuple[Span, ...] | None:
    """Return the rhythm that the header states for all of the record, None where it does not."""
    stated = _RHYTHM_OF_ALL.search(comments)
    if stated is None:
        return None
    return ((0.0, seconds),) if stated.group(1) == _WHOLLY_FIBRILLATING else ()
