"""The compiled loop over streams and samples."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.beats import copy, fade, find_beats, integrate, restart
from wearable_agg.afib.compiled import compiled, compiled_once
from wearable_agg.afib.events import Output
from wearable_agg.afib.history import clear_beats
from wearable_agg.afib.kinds import restart_kinds
from wearable_agg.afib.quality import begin_block, measure, usable
from wearable_agg.afib.rhythm import (
    break_chain,
    close_second,
    hear_beat,
    hear_beats,
    hear_silence,
    interrupt,
    time_of,
)
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.shapes import put_on_grid
from wearable_agg.afib.spot_features import spot_features
from wearable_agg.afib.state import RAW, Row
from wearable_agg.afib.trees import Models

_NEW_DEVICE = 0.01
_ANCHOR_SLACK = 1e-3


class Batch(NamedTuple):
    """Chunks as flat arrays, ordered by row and sequence; `ends` points into `samples`."""

    rows: NDArray[np.int64]
    sequences: NDArray[np.int64]
    starts: NDArray[np.float64]
    rates: NDArray[np.float64]
    gaps: NDArray[np.bool_]
    ends: NDArray[np.int64]
    samples: NDArray[np.float32]


class BeatBatch(NamedTuple):
    """Chunks of beats as flat arrays, ordered by row and sequence; `ends` points into `times`.

    `until` is how far each was listened to, minus infinity where that is not told.
    """

    rows: NDArray[np.int64]
    sequences: NDArray[np.int64]
    gaps: NDArray[np.bool_]
    until: NDArray[np.float64]
    times: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    ends: NDArray[np.int64]


@compiled
def _begin_signal(row: Row, start: float, rate: float, sample: float, rules: Rules) -> None:
    first = sample if abs(sample) <= rules.largest else 0.0
    restart(row, rate, first, rules)
    restart_kinds(row)
    begin_block(row)
    break_chain(row)
    row.held = first
    row.flat_blocks = 0
    row.anchor_index, row.anchor_time, row.rate = 0, start, rate


@compiled
def _begin_again(row: Row, rate: float, sample: float, rules: Rules) -> None:
    """Begin the same signal once more, knowing the shapes and levels of the first time."""
    signal, noise, interval = row.signal_level, row.noise_level, row.mean_interval
    if row.rate == 0.0:
        _begin_signal(row, 0.0, rate, sample, rules)
        return
    restart(row, rate, sample, rules)
    row.signal_level, row.noise_level, row.mean_interval = signal, noise, interval
    row.shaped_at = -(1 << 40)
    row.flat_blocks = 0
    begin_block(row)
    break_chain(row)
    clear_beats(row)


@compiled
def _follow_clock(row: Row, start: float, rate: float) -> None:
    """Keep sample times true to the chunk's own; a start within the slack changes nothing."""
    if rate != row.rate or abs(start - time_of(row, row.index)) > _ANCHOR_SLACK:
        row.anchor_index, row.anchor_time, row.rate = row.index, start, rate


@compiled
def _arrive(
    row: Row, stream: int, batch: Batch, chunk: int, sample: float, out: Output, rules: Rules
) -> None:
    """Place the chunk after what came before: same signal, a gap, or a stream that begins."""
    start, rate = batch.starts[chunk], batch.rates[chunk]
    if row.rate == 0.0:
        _begin_signal(row, start, rate, sample, rules)
        row.analysed_from = start
        return
    end = time_of(row, row.index)
    jump = start - end
    changed = abs(rate - row.design_rate) > _NEW_DEVICE * row.design_rate
    if not (batch.gaps[chunk] or changed or abs(jump) > rules.gap_seconds):
        _follow_clock(row, start, rate)
        return
    row.recorded += row.filled / row.rate
    if jump >= rules.lasting_gap or jump < -rules.gap_seconds:
        interrupt(row, stream, end, out, rules)
        row.analysed_from = start
    _begin_signal(row, start, rate, sample, rules)


@compiled
def _close_block(row: Row, stream: int, out: Output, rules: Rules, models: Models) -> None:
    fit = usable(row, rules)
    hear_beats(row, stream, fit, out, rules)
    close_second(row, stream, fit, out, rules, models)
    fade(row, rules)
    begin_block(row)


@compiled
def _take_samples(
    row: Row,
    stream: int,
    samples: NDArray[np.float32],
    out: Output,
    rules: Rules,
    models: Models,
) -> None:
    done = 0
    while done < len(samples):
        count = min(len(samples) - done, row.block - row.filled)
        raw = np.empty(RAW + count, np.float32)
        copy(row.raw, 0, raw, RAW)
        level = np.empty(count)
        first_of_block = row.filled == 0
        measure(row, samples[done : done + count], raw[RAW:], rules)
        put_on_grid(row, raw)
        integrate(row, raw, level, first_of_block)
        find_beats(row, raw, level, rules)
        copy(raw, count, row.raw, RAW)
        if row.filled == row.block:
            _close_block(row, stream, out, rules, models)
        done += count


def fingerprint(folder: Path = Path(__file__).parent) -> str:
    """Return a digest of the source files in `folder`, by default those of the analysis."""
    digest = sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


Analyse: TypeAlias = Callable[[NDArray[np.void], Batch, Output, Rules, Models], None]
Finish: TypeAlias = Callable[[NDArray[np.void], NDArray[np.int64], Output, Rules], None]
Follow: TypeAlias = Callable[[NDArray[np.void], BeatBatch, Output, Rules, Models], None]
LookTwice: TypeAlias = Callable[..., int]


class Kernels(NamedTuple):
    """The entry points into compiled code; all change the rows they are given."""

    analyse: Analyse
    finish: Finish
    follow: Follow
    look_twice: LookTwice


def _build(sources: str) -> Kernels:
    """Build the kernels with `sources` in their closure, which is part of numba's cache key.

    On its own the cache notices a change of this file only, and would go on running a rule that
    has been changed in another.
    """
    return Kernels(
        _build_analyse(sources),
        _build_finish(sources),
        _build_follow(sources),
        _build_look_twice(sources),
    )


def _build_analyse(sources: str) -> Analyse:
    @compiled_once
    def analyse(
        rows: NDArray[np.void], batch: Batch, out: Output, rules: Rules, models: Models
    ) -> None:
        sources  # noqa: B018
        begin = 0
        for chunk in range(len(batch.rows)):
            stream, end = batch.rows[chunk], batch.ends[chunk]
            row = rows[stream]
            if batch.sequences[chunk] > row.sequence and end > begin:
                samples = batch.samples[begin:end]
                _arrive(row, stream, batch, chunk, samples[0], out, rules)
                _take_samples(row, stream, samples, out, rules, models)
                row.sequence = batch.sequences[chunk]
            begin = end

    return analyse


def _build_finish(sources: str) -> Finish:
    @compiled_once
    def finish(
        rows: NDArray[np.void], streams: NDArray[np.int64], out: Output, rules: Rules
    ) -> None:
        sources  # noqa: B018
        for stream in streams:
            row = rows[stream]
            if row.rate > 0.0:
                row.recorded += row.filled / row.rate
                interrupt(row, stream, time_of(row, row.index), out, rules)

    return finish


def _build_look_twice(sources: str) -> LookTwice:
    @compiled_once
    def look_twice(
        rows: NDArray[np.void],
        samples: NDArray[np.float32],
        rate: float,
        out: Output,
        rules: Rules,
        models: Models,
        features: NDArray[np.float64],
    ) -> int:
        sources  # noqa: B018
        row = rows[0]
        for _ in range(2):
            _begin_again(row, rate, samples[0], rules)
            _take_samples(row, 0, samples, out, rules, models)
        return spot_features(row, rules.window, features)

    return look_twice


def _build_follow(sources: str) -> Follow:
    @compiled_once
    def follow(
        rows: NDArray[np.void], batch: BeatBatch, out: Output, rules: Rules, models: Models
    ) -> None:
        sources  # noqa: B018
        begin = 0
        for chunk in range(len(batch.rows)):
            stream, end = batch.rows[chunk], batch.ends[chunk]
            row = rows[stream]
            if batch.sequences[chunk] > row.sequence:
                if batch.gaps[chunk]:
                    break_chain(row)
                for i in range(begin, end):
                    hear_beat(row, stream, batch.times[i], batch.kinds[i], out, rules, models)
                hear_silence(row, stream, batch.until[chunk], out, rules)
                row.sequence = batch.sequences[chunk]
            begin = end

    return follow


analyse, finish, follow, look_twice = _build(fingerprint())
