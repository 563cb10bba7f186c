"""Atrial fibrillation where a stream carries heart beats or RR intervals and no ECG.

The same state, episodes and reports as for ECG, with a model that knows nothing but time and, where
the device tells it, which beats are ectopic. It decides, and no probability is told with it: too
few patients have been seen to say whether one is right (docs/detection.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib import kernel
from wearable_agg.afib.events import PER_BLOCK, Output, events_of, new_output
from wearable_agg.afib.kinds import OTHER
from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import ShardState, extended, new_shard
from wearable_agg.afib.trees import Models, for_beats
from wearable_agg.afib.types import EpisodeStarted, Event

DECIDER = "wristchart-beats"
"""Name of what decides on beats alone, written beside every episode it finds."""

DECIDER_VERSION = "1"
"""Changes whenever the same beats could give other episodes than before."""


@dataclass(frozen=True, slots=True)
class BeatChunk:
    """Beats of one stream, in the order the device numbered them.

    `times` are UTC epoch seconds, rising. `ectopic` says for each whether it is of another kind
    than the conducted ones (ventricular, paced, fusion); None where the device does not tell.
    `gap_before` says that beats were lost before this chunk: no interval spans that. `until` is
    the UTC epoch second up to which the device listened, None where it does not say. Raises
    ValueError where `times` and `ectopic` are not of one length or a time is no number.
    """

    stream: str
    times: NDArray[np.float64]
    ectopic: NDArray[np.bool_] | None
    sequence: int
    gap_before: bool = False
    until: float | None = None

    def __post_init__(self) -> None:
        if self.ectopic is not None and len(self.ectopic) != len(self.times):
            raise ValueError(f"{len(self.ectopic)} kinds for {len(self.times)} beats")
        if not np.all(np.isfinite(self.times)):
            raise ValueError(f"chunk {self.sequence} has beats at no time")


def step_beats(
    state: ShardState, chunks: Sequence[BeatChunk], rules: Rules | None = None
) -> tuple[ShardState, list[Event]]:
    """Analyse `chunks` after all that `state` has seen, as `step` does with ECG.

    A beat at or before the last one is ignored; one earlier by more than `gap_seconds` is a clock
    that fell back and starts the stream anew. Long without a beat ends what is going on at the last
    one. A stream is of beats or of ECG, never of both.
    """
    after, out = advance(state, chunks, rules or configured())
    return after, [_without_probability(event) for event in events_of(out, after.streams)]


def warm_up() -> None:
    """Compile what is needed, or load it from the disk cache, before the first chunk comes."""
    step_beats(new_shard(), [BeatChunk("", np.arange(3.0), None, 0)])


def advance(
    state: ShardState,
    chunks: Sequence[BeatChunk],
    rules: Rules,
    models: Models | None = None,
    features: int = 0,
) -> tuple[ShardState, Output]:
    """Return the new state and all that compiled code put out; see `step.advance`."""
    after = extended(state, (chunk.stream for chunk in chunks))
    batch = _batch(after, chunks)
    beats = len(batch.times)
    out = new_output(PER_BLOCK * (beats + len(chunks)), 0, beats, features)
    alone = rules._replace(
        smoothing=rules.smoothing_alone,
        leave_below=rules.leave_below_alone,
        enter_above=rules.enter_above_alone,
    )
    if chunks:
        kernel.follow(after.rows, batch, out, alone, models or for_beats())
    return after, out


def _without_probability(event: Event) -> Event:
    return replace(event, probability=None) if isinstance(event, EpisodeStarted) else event


def _batch(state: ShardState, chunks: Sequence[BeatChunk]) -> kernel.BeatBatch:
    place = {stream: row for row, stream in enumerate(state.streams)}
    rows = np.array([place[chunk.stream] for chunk in chunks], np.int64)
    sequences = np.array([chunk.sequence for chunk in chunks], np.int64)
    order = np.lexsort((sequences, rows))
    ordered = [chunks[i] for i in order.tolist()]
    return kernel.BeatBatch(
        rows=rows[order],
        sequences=sequences[order],
        gaps=np.array([chunk.gap_before for chunk in ordered], np.bool_),
        until=np.array([_until(chunk) for chunk in ordered], np.float64),
        times=np.concatenate([np.zeros(0), *(chunk.times for chunk in ordered)]),
        kinds=np.concatenate([np.zeros(0, np.uint8), *map(_kinds, ordered)]),
        ends=np.cumsum([len(chunk.times) for chunk in ordered], dtype=np.int64),
    )


def _until(chunk: BeatChunk) -> float:
    return -math.inf if chunk.until is None else chunk.until


def _kinds(chunk: BeatChunk) -> NDArray[np.uint8]:
    if chunk.ectopic is None:
        return np.zeros(len(chunk.times), np.uint8)
    return np.where(chunk.ectopic, np.uint8(OTHER), np.uint8(0))
