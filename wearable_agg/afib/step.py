"""One step of a shard: chunks of any of its streams in, what they show out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib import kernel
from wearable_agg.afib.events import (
    PER_BLOCK,
    Output,
    beats_of,
    decisions_of,
    events_of,
    new_output,
)
from wearable_agg.afib.rules import Rules, configured
from wearable_agg.afib.state import (
    PENDING,
    ShardState,
    extended,
    new_shard,
    without,
)
from wearable_agg.afib.trees import Models, for_ecg
from wearable_agg.afib.types import LOWEST_RATE, Chunk, Decision, Event


class Trace(NamedTuple):
    """A step with the beats it found, stream and UTC epoch second of each R peak."""

    state: ShardState
    events: list[Event]
    beats: list[tuple[str, float]]


def step(state: ShardState, chunks: Sequence[Chunk]) -> tuple[ShardState, list[Event]]:
    """Analyse `chunks` after all that `state` has seen, by the configured rules.

    `state` is left as it is and the new one returned: no I/O, no clock, the same result for the
    same input and, however a stream is cut into chunks, the same events. Chunks are taken in the
    order of their sequence; one whose sequence is not above the last is ignored. Events of one
    stream come in the order in which they fell.
    """
    after, out = advance(state, chunks, configured())
    return after, events_of(out, after.streams)


def trace(state: ShardState, chunks: Sequence[Chunk], rules: Rules | None = None) -> Trace:
    """Do the same as `step` and also tell the beats found, a second or two after they fell."""
    after, out = advance(state, chunks, rules or configured())
    return Trace(after, events_of(out, after.streams), beats_of(out, after.streams))


def explain(state: ShardState, chunks: Sequence[Chunk]) -> tuple[ShardState, list[Decision]]:
    """Do the same as `step` and tell every decision with what it rests on, in place of events."""
    after, out = advance(state, chunks, configured())
    return after, decisions_of(out, after.streams)


def finish(state: ShardState, streams: Iterable[str]) -> tuple[ShardState, list[Event]]:
    """Close `streams`, for example because their session is over, and forget them.

    An open episode ends at the last sample and the time not yet reported is. Unknown names are
    ignored. A chunk that still comes would begin the stream anew.
    """
    over = frozenset(streams)
    closing = extended(state, ())
    rows = np.array([i for i, name in enumerate(closing.streams) if name in over], np.int64)
    out = new_output(PER_BLOCK * len(rows), 0, 0, 0)
    kernel.finish(closing.rows, rows, out, configured())
    return without(closing, over), events_of(out, closing.streams)


def warm_up() -> None:
    """Compile what is needed, or load it from the disk cache, before the first chunk comes."""
    silence = Chunk("", 0.0, 250.0, np.zeros(500, np.float32), 0, False)
    finish(step(new_shard(), [silence])[0], [""])


def advance(
    state: ShardState,
    chunks: Sequence[Chunk],
    rules: Rules,
    models: Models | None = None,
    features: int = 0,
) -> tuple[ShardState, Output]:
    """Return the new state and all that compiled code put out, by other models where given.

    The first `features` numbers that the model was told stand behind each decision.
    """
    after = extended(state, (chunk.stream for chunk in chunks))
    batch = _batch(after, chunks)
    seconds = len(batch.samples) / LOWEST_RATE
    blocks = int(seconds) + len(chunks)
    out = new_output(PER_BLOCK * (blocks + len(chunks)), PENDING * blocks, blocks, features)
    if chunks:
        kernel.analyse(after.rows, batch, out, rules, models or for_ecg())
    return after, out


def _batch(state: ShardState, chunks: Sequence[Chunk]) -> kernel.Batch:
    place = {stream: row for row, stream in enumerate(state.streams)}
    rows = np.array([place[chunk.stream] for chunk in chunks], np.int64)
    sequences = np.array([chunk.sequence for chunk in chunks], np.int64)
    order = np.lexsort((sequences, rows))
    ordered = [chunks[i] for i in order.tolist()]
    return kernel.Batch(
        rows=rows[order],
        sequences=sequences[order],
        starts=np.array([chunk.start for chunk in ordered], np.float64),
        rates=np.array([chunk.rate for chunk in ordered], np.float64),
        gaps=np.array([chunk.gap_before for chunk in ordered], np.bool_),
        ends=np.cumsum([len(chunk.samples) for chunk in ordered], dtype=np.int64),
        samples=_joined(ordered),
    )


def _joined(chunks: Sequence[Chunk]) -> NDArray[np.float32]:
    if not chunks:
        return np.zeros(0, np.float32)
    return np.concatenate([chunk.samples for chunk in chunks]).astype(np.float32, copy=False)
