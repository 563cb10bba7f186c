"""From a model's own probability to the share that turned out true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.trees import recalibrated

_BIN_LEAST = 50
_ROUNDS = 30
_DRAWS = 2000
_LOGITS = np.linspace(-8.0, 8.0, 49)
"""Where the curve is kept, between which it is drawn straight."""


def beta(chances: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return rising knots (model's probability, observed share) of a beta calibration.

    The odds shown are exp(c) p^a / (1 - p)^b with the likeliest a, b and c (Kull and others,
    Electron J Stat 2017;11:5052): three numbers, which few patients can tell.
    """
    return _knots(_likeliest(_beta_terms(chances), truth), _beta_terms)


def slope(chances: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return knots of the likeliest calibration whose only freedom is how sure the model is.

    For data of so few patients that a shift would be that of one of them.
    """
    return _knots(_likeliest(_logit(chances)[:, None], truth), lambda p: _logit(p)[:, None])


def shown(knots: NDArray[np.float32], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the product shows for a model's own probabilities."""
    return np.array([recalibrated(knots, chance) for chance in chances])


def deciles(shown: NDArray[np.float64], truth: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return how many rows each tenth of the scale holds, and its error where they are enough."""
    made = []
    for tenth in range(10):
        here = (shown >= tenth / 10) & ((shown < (tenth + 1) / 10) | (tenth == 9))
        count = int(here.sum())
        error = abs(float(shown[here].mean() - truth[here].mean())) if count >= _BIN_LEAST else 0.0
        made.append((count, error))
    return made


def intervals(
    shown: NDArray[np.float64], truth: NDArray[np.int64], patients: NDArray[np.str_]
) -> list[tuple[float, float]]:
    """Return between what the signed error of each tenth lies, in 95 of 100 draws of patients."""
    names, at = np.unique(patients, return_inverse=True)
    tenths = np.minimum((shown * 10.0).astype(np.int64), 9)
    sums = np.zeros((2, len(names), 10))
    np.add.at(sums[0], (at, tenths), 1.0)
    np.add.at(sums[1], (at, tenths), shown - truth)
    even = np.full(len(names), 1.0 / len(names))
    drawn = np.random.default_rng(0).multinomial(len(names), even, size=_DRAWS)
    counts, errors = drawn @ sums[0], drawn @ sums[1]
    ends = np.quantile(errors / np.maximum(counts, 1.0), (0.025, 0.975), axis=0)
    return [(float(low), float(high)) for low, high in ends.T]


def _logit(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(chances, 1e-6, 1.0 - 1e-6)
    return np.log(inside) - np.log1p(-inside)


def _beta_terms(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(chances, 1e-6, 1.0 - 1e-6)
    return np.column_stack([np.log(inside), -np.log1p(-inside), np.ones(len(inside))])


def _likeliest(terms: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the logistic regression of the truth on the terms, by Newton's method."""
    weights = np.ones(terms.shape[1])
    if len(weights) > 2:
        weights[2] = 0.0
    for _ in range(_ROUNDS):
        chances = 1.0 / (1.0 + np.exp(-terms @ weights))
        slope = terms.T @ (chances - truth)
        curve = (terms * (chances * (1.0 - chances))[:, None]).T @ terms
        weights -= np.linalg.solve(curve, slope)
    return weights


def _knots(
    weights: NDArray[np.float64], terms: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float32]:
    chances = 1.0 / (1.0 + np.exp(-_LOGITS))
    made = 1.0 / (1.0 + np.exp(-terms(chances) @ weights))
    return np.column_stack([chances, np.maximum.accumulate(made)]).astype(np.float32)
