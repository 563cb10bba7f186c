"""Events and beats leave compiled code as rows of numbers and become values here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.types import (
    Analysed,
    EpisodeContinued,
    EpisodeEnded,
    EpisodeStarted,
    Event,
)

STARTED, CONTINUED, ENDED, ANALYSED = 0, 1, 2, 3
PER_BLOCK = 4
"""Most events that one second, or the gap before a chunk, can give."""

_WIDTH = 8
_TYPES = {
    STARTED: (EpisodeStarted, 6),
    CONTINUED: (EpisodeContinued, 5),
    ENDED: (EpisodeEnded, 5),
    ANALYSED: (Analysed, 5),
}


class Output(NamedTuple):
    """Buffers that compiled code fills; `counts` holds how many events and beats there are."""

    events: NDArray[np.float64]
    beats: NDArray[np.float64]
    counts: NDArray[np.int64]


def new_output(events: int, beats: int) -> Output:
    """Return empty buffers for at most so many events and beats."""
    return Output(np.empty((events, _WIDTH)), np.empty((beats, 2)), np.zeros(2, np.int64))


@compiled
def put_event(
    out: Output, kind: int, row: int, values: tuple[float, float, float, float, float, float]
) -> None:
    """Append an event of the stream in `row`; a kind with fewer numbers ignores the rest."""
    at = out.counts[0]
    out.events[at, 0] = kind
    out.events[at, 1] = row
    for i in range(len(values)):
        out.events[at, 2 + i] = values[i]
    out.counts[0] = at + 1


@compiled
def put_beat(out: Output, row: int, time: float) -> None:
    """Append a beat of the stream in `row`."""
    at = out.counts[1]
    out.beats[at, 0] = row
    out.beats[at, 1] = time
    out.counts[1] = at + 1


def events_of(out: Output, streams: tuple[str, ...]) -> list[Event]:
    """Return the events in the order in which they fell."""
    return [_event(row, streams) for row in out.events[: out.counts[0]].tolist()]


def beats_of(out: Output, streams: tuple[str, ...]) -> list[tuple[str, float]]:
    """Return each beat found as stream and UTC epoch second of its R peak."""
    return [(streams[int(row)], time) for row, time in out.beats[: out.counts[1]].tolist()]


def _event(row: list[float], streams: tuple[str, ...]) -> Event:
    kind, width = _TYPES[int(row[0])]
    event: Event = kind(streams[int(row[1])], *row[2 : 2 + width])
    return event
