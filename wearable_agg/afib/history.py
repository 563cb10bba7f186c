"""The last beats of a stream: where irregularity began or ended, and the rates of an episode."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.kinds import FLAGS, OTHER
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.state import HISTORY, Row

RUN = 10
"""Beats whose median interval gives the highest rate, so that a couplet does not."""

_CONTIGUOUS = 0.05


@compiled
def clear_beats(row: Row) -> None:
    """Forget all beats."""
    row.beat_head = row.beat_count = 0


@compiled
def add_beat(row: Row, time: float, interval: float, marks: NDArray[np.uint8]) -> None:
    """Remember a beat, the RR interval that ended with it, and what its shape showed.

    The beat that has to make room is first counted into the episode it belongs to.
    """
    if row.beat_count == HISTORY:
        oldest = row.beat_head
        if row.times[oldest] > row.onset:
            row.older_beats += 1
            row.older_seconds += row.intervals[oldest]
            row.older_max_rate = max(row.older_max_rate, _median_rate(row, 0))
        row.beat_head = (oldest + 1) % HISTORY
        row.beat_count -= 1
    slot = (row.beat_head + row.beat_count) % HISTORY
    row.times[slot], row.intervals[slot] = time, interval
    row.marks[slot] = marks
    row.beat_count += 1


@compiled
def paired_interval(row: Row, i: int) -> float:
    """Return the interval of beat `i`, 0 the oldest; beside a beat of another shape the mean.

    The early coming of a single such beat and the pause after it say nothing about how the others
    are timed, so that each of the two intervals counts as their mean.
    """
    interval = row.intervals[(row.beat_head + i) % HISTORY]
    for first in (i, i - 1):
        if first >= 0 and _is_single(row, first) and follows(row, first + 1):
            other = row.intervals[(row.beat_head + first + (first == i)) % HISTORY]
            return float(0.5 * (interval + other))
    return float(interval)


@compiled
def _is_single(row: Row, i: int) -> bool:
    """Say whether beat `i` is of another shape and those beside it are not; the last is not."""
    if i + 1 >= row.beat_count or not _is_other(row, i) or _is_other(row, i + 1):
        return False
    return not (i > 0 and _is_other(row, i - 1))


@compiled
def _is_other(row: Row, i: int) -> bool:
    return bool(row.marks[(row.beat_head + i) % HISTORY, FLAGS] & OTHER)


@compiled
def forget_older(row: Row) -> None:
    """Start counting a new episode."""
    row.older_beats = 0
    row.older_seconds = row.older_max_rate = 0.0


@compiled
def turning_point(row: Row, into_irregular: bool, rules: Rules) -> float:
    """Estimate since when the rhythm has been irregular (or regular again).

    Each interval that differs from the one before by more than the configured share speaks for
    irregular, each other against; the estimate is the start of the latest stretch of beats with
    the largest sum, the maximum-likelihood change point of such votes.
    """
    best, vote, since = 0, 0, row.beat_count - 1
    for i in range(row.beat_count - 1, 0, -1):
        if not follows(row, i):
            continue
        before, interval = paired_interval(row, i - 1), paired_interval(row, i)
        irregular = abs(interval - before) > rules.irregular_share * before
        vote += 1 if irregular == into_irregular else -1
        if vote > best:
            best, since = vote, i
    slot = (row.beat_head + since) % HISTORY
    return float(row.times[slot] - row.intervals[slot])


@compiled
def episode_rates(row: Row, until: float) -> tuple[float, float, float]:
    """Return mean rate, highest rate (both per minute) and coverage of `row.onset` to `until`."""
    beats, seconds, highest = row.older_beats, row.older_seconds, row.older_max_rate
    for i in range(row.beat_count):
        slot = (row.beat_head + i) % HISTORY
        if row.onset < row.times[slot] <= until:
            beats += 1
            seconds += row.intervals[slot]
            last = i + RUN - 1
            if last < row.beat_count and row.times[(row.beat_head + last) % HISTORY] <= until:
                highest = max(highest, _median_rate(row, i))
    mean = 60.0 * beats / seconds if seconds > 0.0 else math.nan
    coverage = min(seconds / (until - row.onset), 1.0) if until > row.onset else 0.0
    return mean, max(highest, mean), coverage


@compiled
def follows(row: Row, i: int) -> bool:
    """Say whether the interval of beat `i` begins at the beat before it in memory."""
    slot = (row.beat_head + i) % HISTORY
    before = row.times[(row.beat_head + i - 1) % HISTORY]
    return bool(abs(row.times[slot] - row.intervals[slot] - before) < _CONTIGUOUS)


@compiled
def _median_rate(row: Row, first: int) -> float:
    run: NDArray[np.float64] = np.empty(RUN)
    for i in range(RUN):
        interval = row.intervals[(row.beat_head + first + i) % HISTORY]
        j = i
        while j > 0 and run[j - 1] > interval:
            run[j] = run[j - 1]
            j -= 1
        run[j] = interval
    return float(120.0 / (run[RUN // 2 - 1] + run[RUN // 2]))
