"""What the rhythm model is told about the last beats of a stream."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.history import follows, paired_interval
from wearable_agg.afib.intervals import (
    MEASURES,
    measure_intervals,
    median_of,
    quantile_of,
)
from wearable_agg.afib.kinds import (
    AFTER,
    BEFORE,
    FLAGS,
    LIKENESS,
    OTHER,
    SCALE,
    SHAPED,
    SIZE,
    STRANGE,
    UNREST,
    consistency,
    peak_to_peak,
)
from wearable_agg.afib.state import HISTORY, Row
from wearable_agg.afib.zhou import entropy

_WIDE = len(MEASURES)

ECG = (
    *(f"raw_{name}" for name in MEASURES),
    *(f"paired_{name}" for name in MEASURES),
    "timely_difference",
    "timely_differing_5",
    "premature",
    "other_share",
    "strange_share",
    "atrial_consistency",
    "atrial_agreement",
    "atrial_agreement_low",
    "atrial_height",
    "repolar_consistency",
    "repolar_agreement",
    "likeness",
    "likeness_low",
    "unrest",
    "unrest_high",
    "size_variation",
    "beats",
    "entropy",
)
"""What the model for ECG is told, of the last 30 s."""

SPANS = (32, 64, 128)
"""Beats looked back over where there is no signal to see."""

BEATS = (
    *(f"last_{span}_{name}" for span in SPANS for name in MEASURES),
    "timely_difference",
    "timely_differing_5",
    "premature",
    "other_share",
    "entropy",
)
"""What the model for beats alone is told."""

_PREMATURE = 0.85
_RECENT = 9


@compiled
def gather(
    row: Row, since: float, most: int, paired: NDArray[np.float64], joined: NDArray[np.bool_]
) -> int:
    """Copy the intervals that ended after `since`, oldest first, at most so many; return how many.

    `paired` and `joined` need room for HISTORY.
    """
    first = row.beat_count
    while first > 0 and row.beat_count - first < most:
        if row.times[(row.beat_head + first - 1) % HISTORY] <= since:
            break
        first -= 1
    count = row.beat_count - first
    for i in range(count):
        paired[i] = paired_interval(row, first + i)
        joined[i] = i > 0 and follows(row, first + i)
    return int(count)


@compiled
def ecg_features(row: Row, since: float, window: int, out: NDArray[np.float64]) -> int:
    """Write ECG for the beats after `since` into `out`; return how many beats that are."""
    paired: NDArray[np.float64] = np.empty(HISTORY)
    joined: NDArray[np.bool_] = np.empty(HISTORY, np.bool_)
    count = gather(row, since, HISTORY, paired, joined)
    if count < 3:
        return count
    raw: NDArray[np.float64] = np.empty(count)
    marks: NDArray[np.uint8] = np.empty((count, row.marks.shape[1]), np.uint8)
    for i in range(count):
        slot = (row.beat_head + row.beat_count - count + i) % HISTORY
        raw[i] = row.intervals[slot]
        marks[i] = row.marks[slot]
    measure_intervals(raw, joined[:count], out[:_WIDE])
    measure_intervals(paired[:count], joined[:count], out[_WIDE : 2 * _WIDE])
    at = 2 * _WIDE
    _timely(paired[:count], marks[:, FLAGS], out[at:])
    _kinds(marks, out[at + 3 :])
    _waves(row, marks, out[at + 5 :])
    _quality(marks, out[at + 11 :])
    out[at + 16] = count
    out[at + 17] = _entropy(row, window)
    return count


@compiled
def beats_features(row: Row, window: int, out: NDArray[np.float64]) -> int:
    """Write BEATS into `out`; return how many beats are remembered."""
    paired: NDArray[np.float64] = np.empty(HISTORY)
    joined: NDArray[np.bool_] = np.empty(HISTORY, np.bool_)
    count = gather(row, -math.inf, HISTORY, paired, joined)
    if count < 3:
        return count
    for i in range(len(SPANS)):
        span = min(SPANS[i], count)
        first = count - span
        measure_intervals(
            paired[first:count], joined[first:count], out[i * _WIDE : (i + 1) * _WIDE]
        )
    recent = min(SPANS[1], count)
    flags: NDArray[np.uint8] = np.empty(recent, np.uint8)
    other = 0
    for i in range(recent):
        flags[i] = row.marks[(row.beat_head + row.beat_count - recent + i) % HISTORY, FLAGS]
        other += flags[i] & OTHER > 0
    at = len(SPANS) * _WIDE
    _timely(paired[count - recent : count], flags, out[at:])
    out[at + 3] = other / recent
    out[at + 4] = _entropy(row, window)
    return count


@compiled
def _entropy(row: Row, window: int) -> float:
    paired: NDArray[np.float64] = np.empty(HISTORY)
    joined: NDArray[np.bool_] = np.empty(HISTORY, np.bool_)
    count = gather(row, -math.inf, HISTORY, paired, joined)
    value = entropy(paired[:count], joined[:count], window)
    return -1.0 if math.isnan(value) else value


@compiled
def _timely(
    values: NDArray[np.float64], flags: NDArray[np.uint8], out: NDArray[np.float64]
) -> None:
    """Measure what is left without premature beats and those of another shape."""
    kept: NDArray[np.float64] = np.empty(len(values))
    apart: NDArray[np.float64] = np.empty(len(values))
    count, early, differing = 0, 0, 0
    for i in range(len(values)):
        if flags[i] & OTHER:
            continue
        first = max(count - _RECENT, 0)
        usual = median_of(kept[first:count], count - first)
        if values[i] < _PREMATURE * usual:
            early += 1
            continue
        kept[count] = values[i]
        count += 1
    total = 0.0
    for i in range(count):
        total += kept[i]
    for i in range(1, count):
        apart[i - 1] = abs(kept[i] - kept[i - 1]) * count / total
        differing += apart[i - 1] > 0.05
    out[0] = median_of(apart, max(count - 1, 0))
    out[1] = differing / max(count - 1, 1)
    out[2] = early / len(values)


@compiled
def _kinds(marks: NDArray[np.uint8], out: NDArray[np.float64]) -> None:
    other, strange = 0, 0
    for flags in marks[:, FLAGS]:
        other += flags & OTHER > 0
        strange += flags & STRANGE > 0
    out[0], out[1] = other / len(marks), strange / len(marks)


@compiled
def _waves(row: Row, marks: NDArray[np.uint8], out: NDArray[np.float64]) -> None:
    before: NDArray[np.float64] = np.empty(len(marks))
    after: NDArray[np.float64] = np.empty(len(marks))
    count = 0
    for i in range(len(marks)):
        if marks[i, BEFORE] > 0:
            before[count] = 2.0 * marks[i, BEFORE] / SCALE - 1.0
            after[count] = 2.0 * marks[i, AFTER] / SCALE - 1.0
            count += 1
    out[0] = consistency(row.atrial, row.atrial_rest, row.waves)
    out[1] = median_of(before, count)
    out[2] = quantile_of(before, count, 0.2)
    out[3] = peak_to_peak(row.atrial) if row.waves > 0 else 0.0
    out[4] = consistency(row.repolar, row.repolar_rest, row.waves)
    out[5] = median_of(after, count)


@compiled
def _quality(marks: NDArray[np.uint8], out: NDArray[np.float64]) -> None:
    likeness: NDArray[np.float64] = np.empty(len(marks))
    unrest: NDArray[np.float64] = np.empty(len(marks))
    size: NDArray[np.float64] = np.empty(len(marks))
    count = 0
    for i in range(len(marks)):
        if marks[i, FLAGS] & SHAPED:
            likeness[count] = marks[i, LIKENESS] / SCALE
            unrest[count] = marks[i, UNREST] / SCALE
            size[count] = marks[i, SIZE] / SCALE
            count += 1
    out[0] = median_of(likeness, count)
    out[1] = quantile_of(likeness, count, 0.2)
    out[2] = median_of(unrest, count)
    out[3] = quantile_of(unrest, count, 0.8)
    middle = median_of(size, count)
    low, high = quantile_of(size, count, 0.1), quantile_of(size, count, 0.9)
    out[4] = (high - low) / (middle + 1e-3)
