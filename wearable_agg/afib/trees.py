"""A small learned model: a sum of decision trees, held in flat arrays."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled

FOLDER = Path(__file__).parent / "models"


class Trees(NamedTuple):
    """Trees as nodes: `feature` is -1 in a leaf, where `value` counts; else go `left` if below.

    Tree t adds to class t modulo the length of `bias`. `calibration` holds pairs of the raw
    probability and the one shown, rising; none where a model is not recalibrated.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: NDArray[np.float32]


class Models(NamedTuple):
    """What decides about one kind of stream: fibrillation or not, and noise or not."""

    rhythm: Trees
    quality: Trees


@cache
def stored(name: str) -> Trees:
    """Return the model of this name in the repository. Raises FileNotFoundError."""
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        return Trees(*(np.ascontiguousarray(arrays[field]) for field in Trees._fields))


def store(name: str, trees: Trees, folder: Path = FOLDER) -> None:
    """Write a model to the repository."""
    np.savez_compressed(folder / f"{name}.npz", **trees._asdict())


@cache
def for_ecg() -> Models:
    """Return the models for streams of ECG. Raises FileNotFoundError."""
    return Models(stored("ecg"), stored("quality"))


@cache
def for_beats() -> Models:
    """Return the models for streams that carry beats alone, whose quality cannot be seen."""
    rhythm = stored("beats")
    return Models(rhythm, rhythm)


@compiled
def add_up(trees: Trees, features: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Write the sum of the trees for each class into `sums`."""
    classes = len(trees.bias)
    for k in range(classes):
        sums[k] = trees.bias[k]
    for t in range(len(trees.roots)):
        node = trees.roots[t]
        while trees.feature[node] >= 0:
            below = features[trees.feature[node]] <= trees.threshold[node]
            node = trees.left[node] if below else trees.right[node]
        sums[t % classes] += trees.value[node]


@compiled
def probability(trees: Trees, features: NDArray[np.float64]) -> float:
    """Return the recalibrated probability that a model of one class gives."""
    sums: NDArray[np.float64] = np.empty(1)
    add_up(trees, features, sums)
    return recalibrated(trees.calibration, 1.0 / (1.0 + math.exp(-sums[0])))


@compiled
def recalibrated(knots: NDArray[np.float32], raw: float) -> float:
    """Interpolate between the knots."""
    if len(knots) == 0:
        return raw
    if raw <= knots[0, 0]:
        return float(knots[0, 1])
    for i in range(1, len(knots)):
        if raw <= knots[i, 0]:
            share = (raw - knots[i - 1, 0]) / (knots[i, 0] - knots[i - 1, 0])
            return float(knots[i - 1, 1] + share * (knots[i, 1] - knots[i - 1, 1]))
    return float(knots[-1, 1])
