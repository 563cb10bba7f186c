"""The models of the product, and those that leave one fold of patients out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.rhythm import fitting
from bench.rhythm.boosting import sums_of
from bench.rhythm.rows import Rows, beats_rows, cached, ecg_rows
from wearable_agg.afib.trees import Models, Trees

SPOT_FOLDS = 5
_LEGIBLE = 0.9


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Rows, the fold of each, its score by the model that did not know its patient, the models."""

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
    legible = noise < _LEGIBLE
    counted = legible & (rows.kind == "clean") & (rows.left_out < 0.2)
    by_fold = tuple(
        Models(_calibrated(left_out[k], rows, chances, counted & (folds != k)), quality[k])
        for k in range(fitting.FOLDS)
    )
    final = Models(
        _calibrated(fitting.fit_ecg(rows, every), rows, chances, counted),
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
    by_fold = tuple(
        _alone(_calibrated(left_out[k], rows, chances, counted & (folds != k)))
        for k in range(fitting.FOLDS)
    )
    final = fitting.fit_beats(rows, np.ones(len(folds), bool))
    return CrossValidated(
        rows,
        folds,
        chances,
        counted,
        by_fold,
        _alone(_calibrated(final, rows, chances, counted)),
    )


def spot(
    features: NDArray[np.float64], kinds: NDArray[np.int64]
) -> tuple[Trees, NDArray[np.float64]]:
    """Return the model for spot recordings and cross-validated probabilities of each."""
    folds = np.empty(len(kinds), np.int64)
    shuffled = np.random.default_rng(0).permutation(len(kinds))
    for kind in range(4):
        here = shuffled[kinds[shuffled] == kind]
        folds[here] = np.arange(len(here)) % SPOT_FOLDS
    chances = np.zeros((len(kinds), 4))
    for k in range(SPOT_FOLDS):
        trees = fitting.fit_spot(features, kinds, folds != k)
        sums = sums_of(trees, features[folds == k])
        raised = np.exp(sums - sums.max(1, keepdims=True))
        chances[folds == k] = raised / raised.sum(1, keepdims=True)
    return fitting.fit_spot(features, kinds, np.ones(len(kinds), bool)), chances


def _apart(
    models: list[Trees], features: NDArray[np.float64], folds: NDArray[np.int64]
) -> NDArray[np.float64]:
    chances = np.empty(len(folds))
    for k, trees in enumerate(models):
        chances[folds == k] = fitting.chance(trees, features[folds == k])
    return chances


def _calibrated(
    trees: Trees, rows: Rows, chances: NDArray[np.float64], used: NDArray[np.bool_]
) -> Trees:
    return fitting.calibrated(trees, chances[used], rows.fibrillation[used])


def _alone(trees: Trees) -> Models:
    return Models(trees, trees)
