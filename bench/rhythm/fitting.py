"""How each model is fitted: which rows, how heavy, which trees, and the split by patient."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bench.rhythm.boosting import Plan, averaged, sums_of, train
from bench.rhythm.rows import Rows
from bench.rhythm.spot_rows import SpotRows
from wearable_agg.afib.features import BEATS, ECG
from wearable_agg.afib.trees import Trees

FOLDS = 6
APART = {"mitdb/201": 0, "mitdb/203": 3}
"""The two subjects of MITDB with fibrillation are never left out together."""

ECG_PLAN = Plan(trees=150, leaves=12, rate=0.06, share=0.3, smallest=20, seed=1)
QUALITY_PLAN = Plan(trees=60, leaves=6, rate=0.1, share=0.5, smallest=50, seed=2)
BEATS_PLAN = Plan(trees=300, leaves=6, rate=0.03, share=0.3, smallest=300, seed=3)
SPOT_PLANS = tuple(
    Plan(trees=250, leaves=16, rate=0.04, share=0.12, smallest=12, ridge=10.0, seed=seed)
    for seed in (4, 5, 6)
)
SPOT_WEIGHTS = np.array([1.0, 1.5, 1.3, 1.5])
"""Of N, A, O and noise: the rarer kinds count more."""

_ECG_SHARES = {"mitdb": 4000, "mimic_perform_af": 2000, "cpsc2021": 700, "cinc2017": 4000}
_BEATS_SHARES = {"afdb": 6000, "nsrdb": 3000, "mitdb": 0}
_NOISE_WEIGHT = 1.0 / 12.0
_SPOT_COUNT = 1.5
"""What all views of a spot recording together count, in recordings."""
_LEAST_FIBRILLATION = 0.25

_QUALITY_NAMES = (
    "likeness",
    "likeness_low",
    "unrest",
    "unrest_high",
    "size_variation",
    "strange_share",
    "other_share",
    "beats",
    "repolar_consistency",
    "repolar_agreement",
)
_BEATS_MEASURES = (
    "mode_share_4",
    "mode_share_8",
    "difference",
    "differing_5",
    "differing_10",
    "correlation",
    "trend",
)
"""Measures that do not depend on the heart rate: the AF of one patient is as slow as the normal
rhythm of another, and few patients are enough to learn that by mistake."""

QUALITY_COLUMNS = np.array([ECG.index(name) for name in _QUALITY_NAMES])
BEATS_COLUMNS = np.array(
    [
        place
        for place, name in enumerate(BEATS)
        if name == "entropy" or name.removeprefix("last_").partition("_")[2] in _BEATS_MEASURES
    ]
)


def folds(rows: Rows) -> NDArray[np.int64]:
    """Return for each row the fold, 0 to 5, in which its patient is left out."""
    patients = sorted(set(rows.patient.tolist()), key=lambda name: crc32(name.encode()))
    by_database: dict[str, int] = {}
    fold = {}
    for patient in patients:
        database = patient.partition("/")[0]
        fold[patient] = by_database.get(database, 0) % FOLDS
        by_database[database] = by_database.get(database, 0) + 1
    fold |= APART
    return np.array([fold[patient] for patient in rows.patient.tolist()])


def fit_ecg(rows: Rows, used: NDArray[np.bool_]) -> Trees:
    """Fit fibrillation or not to the pure rows among `used`, noisy ones included."""
    rows = rows.chosen(used & rows.pure & (rows.kind != "~"))
    weights = np.where(rows.kind == "clean", 1.0, _NOISE_WEIGHT)
    weights = _balanced(rows, weights, _ECG_SHARES)
    return train(rows.features, rows.fibrillation, weights, 1, ECG_PLAN)


def fit_quality(rows: Rows, used: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> Trees:
    """Fit noise or not: signal at 0 dB, at 6 dB where the rhythm came out `wrong`, and "~"."""
    loud = np.char.endswith(rows.kind, "0")
    middling = np.char.endswith(rows.kind, "6")
    noisy = loud | (middling & wrong) | (rows.kind == "~")
    used = used & (rows.left_out < 0.2) & ~(np.char.endswith(rows.kind, "12") & wrong)
    weights = np.select([rows.kind == "~", rows.kind == "clean"], [5.0, 3.0], 1.0)
    return train(
        rows.features[used],
        noisy[used].astype(np.int64),
        weights[used],
        1,
        QUALITY_PLAN,
        QUALITY_COLUMNS,
    )


def fit_beats(rows: Rows, used: NDArray[np.bool_]) -> Trees:
    """Fit fibrillation or not to beats alone.

    Rows that hold two rhythms are among them: most of what is neither sure nor impossible is at a
    turn of the rhythm, and without these the model is too sure there.
    """
    known = used & (rows.left_out < 0.2)
    rows = rows.chosen(known & np.isin(rows.database, _heavy(_BEATS_SHARES)))
    weights = _balanced(rows, np.ones(len(rows.time)), _BEATS_SHARES, least=0.0)
    return train(rows.features, rows.fibrillation, weights, 1, BEATS_PLAN, BEATS_COLUMNS)


def fit_spot(rows: SpotRows, used: NDArray[np.bool_]) -> Trees:
    """Fit the four kinds of spot recordings to those `used`, looked at as the product does.

    The mean of models, each with its own seed and with recordings disturbed in its own way.
    """
    views = [(*rows.looks, spoilt) for spoilt in rows.disturbed]
    kinds = np.tile(rows.kinds[used], len(views[0]))
    weights = SPOT_WEIGHTS[kinds] * _SPOT_COUNT / len(views[0])
    return averaged(
        [
            train(np.concatenate([view[used] for view in seen]), kinds, weights, 4, plan)
            for seen, plan in zip(views, SPOT_PLANS, strict=True)
        ]
    )


def chance(trees: Trees, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of a model of one class before recalibration."""
    sums: NDArray[np.float64] = sums_of(trees, np.ascontiguousarray(features))[:, 0]
    return 1.0 / (1.0 + np.exp(-sums))


def _heavy(shares: dict[str, int]) -> list[str]:
    return [database for database, share in shares.items() if share > 0]


def _balanced(
    rows: Rows,
    weights: NDArray[np.float64],
    shares: dict[str, int],
    least: float = _LEAST_FIBRILLATION,
) -> NDArray[np.float64]:
    """Give each database its share, and fibrillation in it at least a quarter."""
    weights = weights.copy()
    for database in sorted(set(rows.database.tolist())):
        here = rows.database == database
        af = here & (rows.fibrillation == 1)
        part = weights[af].sum() / weights[here].sum()
        if 0.0 < part < least:
            weights[af] *= least / (1.0 - least) * (1.0 - part) / part
        weights[here] *= shares[database] / weights[here].sum()
    return weights * len(weights) / weights.sum() if least == 0.0 else weights
