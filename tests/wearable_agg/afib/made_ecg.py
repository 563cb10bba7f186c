"""Made single-lead ECG whose beats are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.state import ShardState, new_shard
from wearable_agg.afib.step import Trace, trace
from wearable_agg.afib.types import Chunk, Event

_E = TypeVar("_E")

BEGIN = 1_700_000_000.0


def regular(seconds: float, interval: float = 0.8, first: float = 0.5) -> NDArray[np.float64]:
    """Return beat times of a steady rhythm."""
    return np.arange(first, seconds, interval)


def irregular(seconds: float, seed: int = 1, first: float = 0.5) -> NDArray[np.float64]:
    """Return beat times as in fibrillation: each interval drawn anew from 0.4 to 1.0 s."""
    intervals = np.random.default_rng(seed).uniform(0.4, 1.0, int(seconds / 0.4) + 1)
    times = first + np.cumsum(intervals)
    return times[times < seconds]


def ecg(
    beats: NDArray[np.float64], seconds: float, rate: float = 250.0, t_wave: float = 0.25
) -> NDArray[np.float32]:
    """Return millivolts with a 1 mV QRS at each beat, T waves, wandering baseline and noise."""
    time = np.arange(round(seconds * rate)) / rate
    signal = 0.1 * np.sin(2 * np.pi * 0.25 * time)
    signal += 0.01 * np.random.default_rng(7).standard_normal(len(time))
    for height, delay, width in ((1.0, 0.0, 0.012), (-0.2, 0.03, 0.012), (t_wave, 0.26, 0.04)):
        for beat in beats:
            near = slice(*np.searchsorted(time, (beat + delay - 0.3, beat + delay + 0.3)))
            signal[near] += height * np.exp(-0.5 * ((time[near] - beat - delay) / width) ** 2)
    return signal.astype(np.float32)


def chunks(
    signal: NDArray[np.float32],
    rate: float = 250.0,
    seconds: float = 1.0,
    stream: str = "s",
    start: float = BEGIN,
    sequence: int = 0,
) -> list[Chunk]:
    """Cut a signal into chunks of so many seconds."""
    length = round(seconds * rate)
    return [
        Chunk(stream, start + i / rate, rate, signal[i : i + length], sequence + n, False)
        for n, i in enumerate(range(0, len(signal), length))
    ]


def follow(pieces: Iterable[Chunk], state: ShardState | None = None) -> Trace:
    """Analyse the chunks one by one and return the last state, all events and all beats."""
    events: list[Event] = []
    beats: list[tuple[str, float]] = []
    state = state or new_shard()
    for piece in pieces:
        state, new_events, new_beats = trace(state, [piece])
        events += new_events
        beats += new_beats
    return Trace(state, events, beats)


def of_type(kind: type[_E], events: Sequence[Event]) -> list[_E]:
    """Return the events of one type."""
    return [event for event in events if isinstance(event, kind)]
