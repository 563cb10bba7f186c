"""Events and beats leave compiled code as rows of numbers and become values here."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.state import EVIDENCE, Row
from wearable_agg.afib.types import (
    Analysed,
    Decision,
    EpisodeContinued,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    Evidence,
)

STARTED, CONTINUED, ENDED, ANALYSED = 0, 1, 2, 3
PER_BLOCK = 4
"""Most events that one second, or the gap before a chunk, can give."""

_WIDTH = 8
_DECIDED = 5
_TYPES: dict[int, tuple[Callable[..., Event], int]] = {
    CONTINUED: (EpisodeContinued, 5),
    ENDED: (EpisodeEnded, 5),
    ANALYSED: (Analysed, 5),
}


class Output(NamedTuple):
    """Buffers that compiled code fills; `counts` holds how many events and beats there are."""

    events: NDArray[np.float64]
    evidence: NDArray[np.float64]
    beats: NDArray[np.float64]
    decisions: NDArray[np.float64]
    counts: NDArray[np.int64]


def new_output(events: int, beats: int, decisions: int, features: int) -> Output:
    """Return empty buffers for at most so many events, beats, decisions and their features."""
    return Output(
        np.empty((events, _WIDTH)),
        np.empty((events, EVIDENCE)),
        np.empty((beats, 2)),
        np.empty((decisions, _DECIDED + EVIDENCE + features)),
        np.zeros(3, np.int64),
    )


@compiled
def put_event(
    out: Output,
    kind: int,
    stream: int,
    row: Row,
    values: tuple[float, float, float, float, float, float],
) -> None:
    """Append an event of a stream and what explains it; a kind with fewer numbers ignores some."""
    at = out.counts[0]
    out.events[at, 0] = kind
    out.events[at, 1] = stream
    for i in range(len(values)):
        out.events[at, 2 + i] = values[i]
    for i in range(EVIDENCE):
        out.evidence[at, i] = row.evidence[i]
    out.counts[0] = at + 1


@compiled
def put_beat(out: Output, row: int, time: float) -> None:
    """Append a beat of the stream in `row`."""
    at = out.counts[1]
    out.beats[at, 0] = row
    out.beats[at, 1] = time
    out.counts[1] = at + 1


@compiled
def put_decision(
    out: Output, stream: int, row: Row, now: float, features: NDArray[np.float64]
) -> None:
    """Append what the row decided at `now`, and from what where there is room for it."""
    at = out.counts[2]
    line = out.decisions[at]
    line[0], line[1], line[2], line[3] = stream, now, row.fit, row.probability
    line[4] = row.fibrillating
    for i in range(EVIDENCE):
        line[_DECIDED + i] = row.evidence[i]
    for i in range(min(len(features), len(line) - _DECIDED - EVIDENCE)):
        line[_DECIDED + EVIDENCE + i] = features[i]
    out.counts[2] = at + 1


def events_of(out: Output, streams: tuple[str, ...]) -> list[Event]:
    """Return the events in the order in which they fell."""
    count = out.counts[0]
    rows = zip(out.events[:count].tolist(), out.evidence[:count].tolist(), strict=True)
    return [_event(row, evidence, streams) for row, evidence in rows]


def beats_of(out: Output, streams: tuple[str, ...]) -> list[tuple[str, float]]:
    """Return each beat found as stream and UTC epoch second of its R peak."""
    return [(streams[int(row)], time) for row, time in out.beats[: out.counts[1]].tolist()]


def decisions_of(out: Output, streams: tuple[str, ...]) -> list[Decision]:
    """Return the decisions in the order in which they fell."""
    return [_decision(row, streams) for row in out.decisions[: out.counts[2]].tolist()]


def _event(row: list[float], evidence: list[float], streams: tuple[str, ...]) -> Event:
    kind, stream, *numbers = row
    if kind == STARTED:
        onset, detected_at, mean, highest, coverage, probability = numbers
        return EpisodeStarted(
            streams[int(stream)],
            onset,
            detected_at,
            mean,
            highest,
            coverage,
            probability,
            _evidence(evidence),
        )
    make, width = _TYPES[int(kind)]
    return make(streams[int(stream)], *numbers[:width])


def _decision(row: list[float], streams: tuple[str, ...]) -> Decision:
    stream, time, fit, probability, fibrillating = row[:_DECIDED]
    return Decision(
        stream=streams[int(stream)],
        time=time,
        analysable=fit > 0.0,
        probability=probability if fit else None,
        fibrillating=fibrillating > 0.0,
        evidence=_evidence(row[_DECIDED : _DECIDED + EVIDENCE]) if fit else None,
    )


def _evidence(numbers: list[float]) -> Evidence:
    mode_share, cosen, other_share, atrial, likeness, entropy = numbers
    return Evidence(
        mode_share=mode_share,
        cosen=cosen,
        other_share=other_share,
        atrial_consistency=None if math.isnan(atrial) else atrial,
        likeness=None if math.isnan(likeness) else likeness,
        entropy=entropy if entropy >= 0.0 else None,
    )
