"""What the model for spot recordings is told: all of a recording of 9 to 60 s, looked at twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.features import ECG, ecg_features, gather
from wearable_agg.afib.intervals import MEASURES, measure_intervals, quantile_of
from wearable_agg.afib.kinds import FLAGS, OTHER
from wearable_agg.afib.state import HISTORY, QRS, WAVE, Row

_SPREAD = ("cosen", "mode_share_4", "difference", "variation", "mean")
_SHAPE_VALUES, _WAVE_VALUES = QRS // 3, WAVE // 2

SPOT = (
    *ECG,
    *(f"interval_{share}" for share in (0, 5, 25, 75, 95, 100)),
    *(f"least_{name}" for name in _SPREAD),
    *(f"most_{name}" for name in _SPREAD),
    "others",
    "other_run",
    "early",
    "early_other",
    "early_normal",
    "longest_pause",
    "slow_share",
    "fast_share",
    "slowest",
    "fastest",
    "width",
    "second_weight",
    "second_width",
    "second_alike",
    "polarity",
    "height",
    *(f"qrs_{i}" for i in range(_SHAPE_VALUES)),
    *(f"atrial_{i}" for i in range(_WAVE_VALUES)),
    *(f"repolar_{i}" for i in range(_WAVE_VALUES)),
)
"""Names of the features, in the order of `spot_features`."""

_PLACES = tuple(MEASURES.index(name) for name in _SPREAD)
_SPAN, _HOP = 12, 4
_EARLY = 0.85
_TINY = 1e-9


@compiled
def spot_features(row: Row, window: int, out: NDArray[np.float64]) -> int:
    """Write SPOT for all beats remembered into `out`; return how many beats that are."""
    count = ecg_features(row, -np.inf, window, out)
    if count < 3:
        return count
    paired: NDArray[np.float64] = np.empty(HISTORY)
    joined: NDArray[np.bool_] = np.empty(HISTORY, np.bool_)
    gather(row, -np.inf, HISTORY, paired, joined)
    raw: NDArray[np.float64] = np.empty(count)
    flags: NDArray[np.uint8] = np.empty(count, np.uint8)
    for i in range(count):
        slot = (row.beat_head + i) % HISTORY
        raw[i], flags[i] = row.intervals[slot], row.marks[slot, FLAGS]
    at = len(ECG)
    usual = quantile_of(raw, count, 0.5)
    for share in (0.0, 0.05, 0.25, 0.75, 0.95, 1.0):
        out[at] = quantile_of(raw, count, share) / usual
        at += 1
    _spread(paired[:count], joined[:count], out[at:])
    at += 2 * len(_PLACES)
    _events(raw, flags, usual, out[at:])
    at += 10
    _shapes(row, out[at:])
    return count


@compiled
def _spread(
    values: NDArray[np.float64], joined: NDArray[np.bool_], out: NDArray[np.float64]
) -> None:
    """Write least and most of some measures over short stretches."""
    measures: NDArray[np.float64] = np.zeros(len(MEASURES))
    wide = len(_PLACES)
    first = 0
    while first == 0 or first + _SPAN <= len(values):
        last = min(first + _SPAN, len(values))
        measure_intervals(values[first:last], joined[first:last], measures)
        for k in range(wide):
            value = measures[_PLACES[k]]
            out[k] = value if first == 0 else min(out[k], value)
            out[wide + k] = value if first == 0 else max(out[wide + k], value)
        first += _HOP


@compiled
def _events(
    raw: NDArray[np.float64], flags: NDArray[np.uint8], usual: float, out: NDArray[np.float64]
) -> None:
    """Count early beats, beats of another shape, pauses, slow and fast intervals."""
    run, slow, fast = 0, 0, 0
    out[:10] = 0.0
    out[9] = np.inf
    for i in range(len(raw)):
        other = flags[i] & OTHER > 0
        run = run + 1 if other else 0
        out[0] += other
        out[1] = max(out[1], run)
        if raw[i] < _EARLY * usual:
            out[2] += 1
            out[3] += other
            out[4] += not other
        out[5] = max(out[5], raw[i] / usual)
        slow += raw[i] > 1.2
        fast += raw[i] < 0.6
        out[8], out[9] = max(out[8], raw[i]), min(out[9], raw[i])
    out[6], out[7] = slow / len(raw), fast / len(raw)


@compiled
def _shapes(row: Row, out: NDArray[np.float64]) -> None:
    """Write the mean shape, upright and as high as one, and how the second one differs."""
    main = max(row.dominant, 0)
    second = -1
    for k in range(len(row.weights)):
        if k != main and (second < 0 or row.weights[k] > row.weights[second]):
            second = k
    high, low, own, other, product = 0.0, 0.0, _TINY, _TINY, 0.0
    for i in range(QRS):
        a, b = float(row.templates[main, i]), float(row.templates[second, i])
        high, low = max(high, a), min(low, a)
        own += a * a
        other += b * b
        product += a * b
    sign = 1.0 if high >= -low else -1.0
    height = high - low + _TINY
    out[0] = row.widths[main]
    out[1] = row.weights[second] / (row.weights[main] + _TINY)
    out[2] = row.widths[second] - row.widths[main]
    out[3] = product / np.sqrt(own * other)
    out[4] = max(high, -low) / height
    out[5] = height / 1000.0
    at = 6
    for i in range(_SHAPE_VALUES):
        total = 0.0
        for k in range(3):
            total += row.templates[main, 3 * i + k]
        out[at + i] = sign * total / (3.0 * height)
    at += _SHAPE_VALUES
    for i in range(_WAVE_VALUES):
        out[at + i] = sign * 0.5 * (row.atrial[2 * i] + row.atrial[2 * i + 1])
        out[at + _WAVE_VALUES + i] = sign * 0.5 * (row.repolar[2 * i] + row.repolar[2 * i + 1])
