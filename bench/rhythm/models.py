"""The models of the product, and those that leave one fold of patients out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.rhythm import fitting
from bench.rhythm.boosting import sums_of
from bench.rhythm.calibration import beta, shown, slope
from bench.rhythm.rows import Rows, beats_rows, cached, ecg_rows
from bench.rhythm.spot_rows import SpotRows
from wearable_agg.afib.features import ECG
from wearable_agg.afib.rules import configured
from wearable_agg.afib.spot import LOOK_WEIGHTS
from wearable_agg.afib.trees import Models, Trees

SPOT_FOLDS = 5
_GATE_ROUNDS = 2
_LIKENESS_LOW = ECG.index("likeness_low")


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Rows, the fold of each, its score by the model that did not know its patient, the models.

    `legible` marks the rows of known rhythm of which the product shows a probability.
    """

    rows: Rows
    folds: NDArray[np.int64]
    chances: NDArray[np.float64]
    legible: NDArray[np.bool_]
    by_fold: tuple[Models, ...]
    final: Models


def ecg() -> CrossValidated:
    """Fit and cross-validate the models for ECG."""
    rows = cached("ecg", ecg_rows)
    folds = fitting.folds(rows)
    every = np.ones(len(folds), bool)
    left_out = [fitting.fit_ecg(rows, folds != k) for k in range(fitting.FOLDS)]
    chances = _apart(left_out, rows.features, folds)
    wrong = (chances > 0.5) != (rows.fibrillation == 1)
    quality = [fitting.fit_quality(rows, folds != k, wrong) for k in range(fitting.FOLDS)]
    noise = _apart(quality, rows.features, folds)
    known = (rows.kind == "clean") & (rows.left_out < 0.2)
    counted = known & legible(rows.features, chances, noise)
    for _ in range(_GATE_ROUNDS):
        curves = _curves(beta, chances, rows, folds, counted)
        counted = known & legible(rows.features, _shown(curves, chances, folds), noise)
    *curves, every_curve = _curves(beta, chances, rows, folds, counted)
    by_fold = tuple(
        Models(trees._replace(calibration=curve), noises)
        for trees, curve, noises in zip(left_out, curves, quality, strict=True)
    )
    final = Models(
        fitting.fit_ecg(rows, every)._replace(calibration=every_curve),
        fitting.fit_quality(rows, every, wrong),
    )
    return CrossValidated(rows, folds, chances, counted, by_fold, final)


def beats() -> CrossValidated:
    """Fit and cross-validate the model for beats alone."""
    rows = cached("beats", beats_rows)
    folds = fitting.folds(rows)
    left_out = [fitting.fit_beats(rows, folds != k) for k in range(fitting.FOLDS)]
    chances = _apart(left_out, rows.features, folds)
    counted = (rows.left_out < 0.2) & (rows.database != "mitdb")
    *curves, every_curve = _curves(slope, chances, rows, folds, counted)
    by_fold = tuple(
        _alone(trees._replace(calibration=curve))
        for trees, curve in zip(left_out, curves, strict=True)
    )
    final = fitting.fit_beats(rows, np.ones(len(folds), bool))
    return CrossValidated(
        rows, folds, chances, counted, by_fold, _alone(final._replace(calibration=every_curve))
    )


def legible(
    features: NDArray[np.float64], chances: NDArray[np.float64], noise: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Say of which rows the product shows a probability, as `rhythm._is_legible` does."""
    rules = configured()
    limit = np.where(chances > rules.suspected, rules.noise_suspected, rules.noise)
    clear: NDArray[np.bool_] = features[:, _LIKENESS_LOW] >= rules.clear_likeness
    return clear | (noise <= limit)


def spot(rows: SpotRows) -> Trees:
    """Fit the model for spot recordings."""
    return fitting.fit_spot(rows, np.ones(len(rows.kinds), bool))


def spot_apart(rows: SpotRows, split: int = 0) -> NDArray[np.float64]:
    """Return probabilities of each recording by a model that was fitted without it.

    `split` draws which recordings are left out together.
    """
    folds = np.empty(len(rows.kinds), np.int64)
    shuffled = np.random.default_rng(split).permutation(len(rows.kinds))
    for kind in range(4):
        here = shuffled[rows.kinds[shuffled] == kind]
        folds[here] = np.arange(len(here)) % SPOT_FOLDS
    chances = np.zeros((len(rows.kinds), 4))
    for k in range(SPOT_FOLDS):
        trees = fitting.fit_spot(rows, folds != k)
        for look, weight in zip(rows.looks, LOOK_WEIGHTS, strict=True):
            sums = sums_of(trees, look[folds == k])
            raised = np.exp(sums - sums.max(1, keepdims=True))
            chances[folds == k] += weight * raised / raised.sum(1, keepdims=True)
    return chances


def _apart(
    models: list[Trees], features: NDArray[np.float64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    chances = np.empty(len(folds))
    for k, trees in enumerate(models):
        chances[folds == k] = fitting.chance(trees, features[folds == k])
    return chances


def _curves(
    fit: Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float32]],
    chances: NDArray[np.float64],
    rows: Rows,
    folds: NDArray[np.int64],
    counted: NDArray[np.bool_],
) -> list[NDArray[np.float32]]:
    """Return the calibration without each fold, and last the one of all."""
    used = [counted & (folds != k) for k in range(fitting.FOLDS)] + [counted]
    return [fit(chances[these], rows.fibrillation[these]) for these in used]


def _shown(
    curves: list[NDArray[np.float32]], chances: NDArray[np.float64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    made = np.empty(len(folds))
    for k in range(fitting.FOLDS):
        made[folds == k] = shown(curves[k], chances[folds == k])
    return made


def _alone(trees: Trees) -> Models:
    return Models(trees, trees)
