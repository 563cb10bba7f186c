"""How irregular is a stretch of RR intervals? Numbers that tell fibrillation from other rhythms."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled

MEASURES = (
    "cosen",
    "mode_share_4",
    "mode_share_8",
    "difference",
    "differing_5",
    "differing_10",
    "difference_2",
    "difference_3",
    "variation",
    "turns",
    "correlation",
    "mean",
    "trend",
)
"""What `measure_intervals` writes, in this order."""

_MATCHES = 5
_RADIUS, _RADIUS_STEP = 0.030, 0.005
_UNMATCHED = 5.0


@compiled
def median_of(values: NDArray[np.float64], count: int) -> float:
    """Return the lower median of the first `count` values, 0 where there are none."""
    return quantile_of(values, count, 0.5)


@compiled
def quantile_of(values: NDArray[np.float64], count: int, share: float) -> float:
    """Return the value that `share` of the first `count` lie below, 0 where there are none."""
    if count == 0:
        return 0.0
    return float(np.sort(values[:count])[int(share * (count - 1))])


@compiled
def measure_intervals(
    values: NDArray[np.float64], joined: NDArray[np.bool_], out: NDArray[np.float64]
) -> None:
    """Write MEASURES of RR intervals in seconds into `out`.

    `joined` says which intervals begin at the end of the one before. CoSEn: Lake and Moorman,
    Am J Physiol Heart 2011;300:H319. The mode shares are the largest shares of intervals within
    4 and 8 % of one of them.
    """
    count = len(values)
    mean = 0.0
    for value in values:
        mean += value
    mean /= count
    out[0] = _cosen(values, joined, mean)
    _mode_shares(values, out)
    _differences(values, joined, mean, out)
    out[11] = mean
    _spread(values, joined, mean, out)


@compiled
def _cosen(values: NDArray[np.float64], joined: NDArray[np.bool_], mean: float) -> float:
    """Match pairs of intervals, and pairs of two, at the smallest radius that gives five of two."""
    count = len(values)
    nearest: NDArray[np.float64] = np.full(_MATCHES, np.inf)
    for j in range(count - 1):
        if not joined[j + 1]:
            continue
        for k in range(j + 1, count - 1):
            apart = max(abs(values[j] - values[k]), abs(values[j + 1] - values[k + 1]))
            if apart < nearest[_MATCHES - 1] and joined[k + 1]:
                at = _MATCHES - 1
                while at > 0 and nearest[at - 1] > apart:
                    nearest[at] = nearest[at - 1]
                    at -= 1
                nearest[at] = apart
    if nearest[_MATCHES - 1] == np.inf:
        return _UNMATCHED
    steps = math.ceil(max(nearest[_MATCHES - 1] - _RADIUS, 0.0) / _RADIUS_STEP)
    radius = _RADIUS + steps * _RADIUS_STEP + 1e-9
    single, double = 0, 0
    for j in range(count - 1):
        for k in range(j + 1, count - 1):
            if abs(values[j] - values[k]) <= radius and joined[j + 1] and joined[k + 1]:
                single += 1
                double += abs(values[j + 1] - values[k + 1]) <= radius
    return -math.log(double / single) + math.log(2.0 * radius) - math.log(mean)


@compiled
def _mode_shares(values: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Slide two windows along the sorted intervals."""
    ordered = np.sort(values)
    count = len(ordered)
    for which, reach in ((1, 0.04), (2, 0.08)):
        low, high, most = 0, 0, 0
        for i in range(count):
            while ordered[low] < ordered[i] * (1.0 - reach):
                low += 1
            while high < count and ordered[high] <= ordered[i] * (1.0 + reach):
                high += 1
            most = max(most, high - low)
        out[which] = most / count


@compiled
def _differences(
    values: NDArray[np.float64], joined: NDArray[np.bool_], mean: float, out: NDArray[np.float64]
) -> None:
    count = len(values)
    apart: NDArray[np.float64] = np.empty(count)
    for lag, place in ((1, 3), (2, 6), (3, 7)):
        found = 0
        for i in range(lag, count):
            if joined[i]:
                apart[found] = abs(values[i] - values[i - lag]) / mean
                found += 1
        out[place] = median_of(apart, found)
        if lag == 1:
            five, ten = 0, 0
            for i in range(found):
                five += apart[i] > 0.05
                ten += apart[i] > 0.10
            out[4], out[5] = five / max(found, 1), ten / max(found, 1)


@compiled
def _spread(
    values: NDArray[np.float64], joined: NDArray[np.bool_], mean: float, out: NDArray[np.float64]
) -> None:
    """Write variation, share of turning points, correlation with the next, and slow trend."""
    count = len(values)
    power, product, turns, triples, slow = 0.0, 0.0, 0, 0, 0.0
    for i in range(count):
        power += (values[i] - mean) ** 2
        if i > 0:
            product += (values[i] - mean) * (values[i - 1] - mean)
        if 0 < i < count - 1 and joined[i] and joined[i + 1]:
            triples += 1
            turns += (values[i] - values[i - 1]) * (values[i] - values[i + 1]) > 0.0
        first, last = max(i - 2, 0), min(i + 3, count)
        average = 0.0
        for k in range(first, last):
            average += values[k]
        slow += (average / (last - first) - mean) ** 2
    out[8] = math.sqrt(power / count) / mean
    out[9] = turns / max(triples, 1)
    out[10] = product / (power + 1e-12)
    out[12] = slow / (power + 1e-12)
