"""From a model's own probability to the share that turned out true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_KNOTS = 24
_BIN_LEAST = 50


def isotonic(chances: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return rising knots (model's probability, observed share): pool adjacent violators.

    The rows are first put into groups of equal size, so that few rows at an end make no knot.
    """
    order = np.argsort(chances, kind="stable")
    chances, truth = chances[order], truth[order]
    groups = np.array_split(np.arange(len(chances)), max(min(len(chances) // 40, 400), 1))
    pools: list[list[float]] = []
    for group in groups:
        pools.append([chances[group].sum(), float(truth[group].sum()), float(len(group))])
        while len(pools) > 1 and pools[-2][1] * pools[-1][2] >= pools[-1][1] * pools[-2][2]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    points = np.array([(x / n, y / n) for x, y, n in pools])
    if len(points) > _KNOTS:
        points = points[np.unique(np.linspace(0, len(points) - 1, _KNOTS).round().astype(int))]
    return points.astype(np.float32)


def worst_decile(shown: NDArray[np.float64], truth: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return how many rows each tenth of the scale holds, and its error where they are enough."""
    made = []
    for tenth in range(10):
        here = (shown >= tenth / 10) & ((shown < (tenth + 1) / 10) | (tenth == 9))
        count = int(here.sum())
        error = abs(float(shown[here].mean() - truth[here].mean())) if count >= _BIN_LEAST else 0.0
        made.append((count, error))
    return made
