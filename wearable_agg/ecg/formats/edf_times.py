"""When the records of an EDF+ file begin: its annotations keep the time (EDF+ 2.2.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.ecg.recordings import NoRecording

MOST_STRETCHES = 10_000
_TIME = re.compile(rb"([+-]\d{1,9}(?:\.\d{0,9})?)\x14\x14")
_SLACK_SECONDS = 0.002
"""Times are written in decimals: a record of 1/3 s follows one at 0.333."""


class Stretch(NamedTuple):
    """Records [first, last) that follow each other; `onset` is seconds after the file's start."""

    first: int
    last: int
    onset: float


def stretches(
    notes: NDArray[np.int16] | None, reserved: str, count: int, seconds: float
) -> Sequence[Stretch]:
    """Return the unbroken stretches of `count` records of `seconds` each.

    `notes` are the samples of the annotation signal, a row a record, `reserved` the header's word
    for the kind of file: only EDF+D may have gaps. Raises NoRecording where its times cannot be
    read or are absurdly many.
    """
    if reserved != "EDF+D":
        told = notes is not None and _TIME.match(notes[0].tobytes())
        return [Stretch(0, count, float(told.group(1)) if told else 0.0)]
    if notes is None:
        raise NoRecording("EDF+D without annotations: its records have no times")
    onsets = np.array([_onset(row) for row in notes], np.float64)
    breaks = np.flatnonzero(np.abs(np.diff(onsets) - seconds) > _SLACK_SECONDS) + 1
    if len(breaks) >= MOST_STRETCHES:
        raise NoRecording(f"more than {MOST_STRETCHES} stretches")
    edges = [0, *breaks.tolist(), count]
    return [Stretch(first, last, float(onsets[first])) for first, last in pairwise(edges)]


def _onset(row: NDArray[np.int16]) -> float:
    told = _TIME.match(row.tobytes())
    if told is None:
        raise NoRecording("EDF+D with a record that does not tell its time")
    return float(told.group(1))
