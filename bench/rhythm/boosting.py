"""Gradient-boosted trees, small and reproducible: the same rows and seed give the same arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wearable_agg.afib.trees import Trees, add_up

BINS = 128


@dataclass(frozen=True, slots=True)
class Plan:
    """How the trees are grown; `share` of the features is drawn anew for each split."""

    trees: int = 150
    leaves: int = 12
    rate: float = 0.06
    share: float = 0.3
    smallest: float = 20.0
    ridge: float = 5.0
    seed: int = 1


class _Tree(NamedTuple):
    """Nodes of one tree as it was grown: feature -1 in a leaf, split after bin `at`."""

    feature: NDArray[np.int64]
    at: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]


@njit(cache=True)
def _best(bins, order, first, last, g, h, chosen, smallest, ridge):
    """Return gain, feature and bin of the best split of the rows first to last."""
    total_g, total_h = 0.0, 0.0
    for i in range(first, last):
        total_g += g[order[i]]
        total_h += h[order[i]]
    parent = total_g * total_g / (total_h + ridge)
    gain, feature, at = 1e-6, -1, 0
    sums = np.zeros((BINS, 3))
    for f in chosen:
        sums[:] = 0.0
        for i in range(first, last):
            row = order[i]
            b = bins[f, row]
            sums[b, 0] += g[row]
            sums[b, 1] += h[row]
            sums[b, 2] += 1.0
        left_g, left_h, left_n = 0.0, 0.0, 0.0
        for b in range(BINS - 1):
            left_g += sums[b, 0]
            left_h += sums[b, 1]
            left_n += sums[b, 2]
            if left_n < smallest:
                continue
            if last - first - left_n < smallest:
                break
            right_g, right_h = total_g - left_g, total_h - left_h
            better = (
                left_g * left_g / (left_h + ridge) + right_g * right_g / (right_h + ridge) - parent
            )
            if better > gain:
                gain, feature, at = better, f, b
    return gain, feature, at


@njit(cache=True)
def _draw(count, wanted, state):
    """Return `wanted` of the numbers below `count`, by Knuth's MMIX generator."""
    pool = np.arange(count)
    for i in range(wanted):
        state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        j = i + int((state >> np.uint64(33)) % np.uint64(count - i))
        pool[i], pool[j] = pool[j], pool[i]
    return pool[:wanted], state


@njit(cache=True)
def _grow(bins, g, h, leaves, wanted, smallest, ridge, rate, state):
    """Grow one tree, best leaf first; return its nodes and where each row ends."""
    rows = bins.shape[1]
    order = np.arange(rows)
    nodes = 2 * leaves - 1
    feature = np.full(nodes, -1)
    at = np.zeros(nodes, np.int64)
    left, right = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    value = np.zeros(nodes)
    first, last = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    gains, split, where = np.zeros(nodes), np.full(nodes, -1), np.zeros(nodes, np.int64)
    last[0] = rows
    chosen, state = _draw(bins.shape[0], wanted, state)
    gains[0], split[0], where[0] = _best(bins, order, 0, rows, g, h, chosen, smallest, ridge)
    used = 1
    for _ in range(leaves - 1):
        node = -1
        for k in range(used):
            if feature[k] < 0 and split[k] >= 0 and (node < 0 or gains[k] > gains[node]):
                node = k
        if node < 0:
            break
        f, b = split[node], where[node]
        low, high = first[node], last[node] - 1
        while low <= high:
            if bins[f, order[low]] <= b:
                low += 1
            else:
                order[low], order[high] = order[high], order[low]
                high -= 1
        feature[node], at[node], left[node], right[node] = f, b, used, used + 1
        first[used], last[used] = first[node], low
        first[used + 1], last[used + 1] = low, last[node]
        for k in (used, used + 1):
            chosen, state = _draw(bins.shape[0], wanted, state)
            gains[k], split[k], where[k] = _best(
                bins, order, first[k], last[k], g, h, chosen, smallest, ridge
            )
        used += 2
    step = np.zeros(rows)
    for k in range(used):
        if feature[k] < 0:
            total_g, total_h = 0.0, 0.0
            for i in range(first[k], last[k]):
                total_g += g[order[i]]
                total_h += h[order[i]]
            value[k] = np.float32(-rate * total_g / (total_h + ridge))
            for i in range(first[k], last[k]):
                step[order[i]] = value[k]
    return feature[:used], at[:used], left[:used], right[:used], value[:used], step, state


def _edges(column: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return rising thresholds between the quantiles of a column."""
    return np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]).astype(np.float32))


def train(
    rows: NDArray[np.float64],
    classes: NDArray[np.int64],
    weights: NDArray[np.float64],
    count: int,
    plan: Plan,
    columns: NDArray[np.int64] | None = None,
) -> Trees:
    """Fit trees to `rows` of features; `count` 1 is logistic (classes 0 and 1), else softmax.

    Only `columns` are looked at, where they are given; the trees name them as in `rows`.
    """
    columns = np.arange(rows.shape[1]) if columns is None else columns
    rows = rows[:, columns].astype(np.float64)
    edges = [_edges(column) for column in rows.T]
    bins = np.array(
        [np.searchsorted(e, c, side="left") for e, c in zip(edges, rows.T, strict=True)], np.uint8
    )
    target = _target(classes, count)
    share = (target * weights).sum(1) / weights.sum()
    bias = (np.log(share / (1 - share)) if count == 1 else np.log(share)).astype(np.float32)
    sums = np.repeat(bias[:, None].astype(float), len(rows), 1)
    wanted = max(1, round(plan.share * rows.shape[1]))
    state = np.uint64(plan.seed)
    grown: list[_Tree] = []
    for _ in range(plan.trees):
        chance = _chance(sums)
        for k in range(count):
            g = (chance[k] - target[k]) * weights
            h = np.maximum(chance[k] * (1 - chance[k]), 1e-6) * weights
            *tree, step, state = _grow(
                bins, g, h, plan.leaves, wanted, plan.smallest, plan.ridge, plan.rate, state
            )
            state = np.uint64(state)
            sums[k] += step
            grown.append(_Tree(*tree))
    return _joined(grown, edges, columns, bias)


def averaged(several: Sequence[Trees]) -> Trees:
    """Return one model whose sums are the means of those of several of the same classes."""
    sizes = [len(trees.feature) for trees in several]
    begins = np.cumsum([0, *sizes[:-1]])
    return Trees(
        roots=_moved([trees.roots for trees in several], begins),
        feature=np.concatenate([trees.feature for trees in several]),
        threshold=np.concatenate([trees.threshold for trees in several]),
        left=_moved([trees.left for trees in several], begins),
        right=_moved([trees.right for trees in several], begins),
        value=np.concatenate([trees.value for trees in several]) / np.float32(len(several)),
        bias=np.mean([trees.bias for trees in several], axis=0, dtype=np.float32),
        calibration=several[0].calibration,
    )


def _moved(places: list[NDArray[np.int32]], begins: NDArray[np.int64]) -> NDArray[np.int32]:
    moved = [place + begin for place, begin in zip(places, begins, strict=True)]
    return np.concatenate(moved, dtype=np.int32, casting="same_kind")


def _target(classes: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return 1 for the class of each row, a line per class."""
    if count == 1:
        return (classes == 1)[None, :].astype(float)
    return (classes[None, :] == np.arange(count)[:, None]).astype(float)


def _chance(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each class: logistic for one, else softmax."""
    if len(sums) == 1:
        return 1 / (1 + np.exp(-sums))
    raised: NDArray[np.float64] = np.exp(sums - sums.max(0))
    return raised / raised.sum(0)


def _joined(
    grown: list[_Tree],
    edges: list[NDArray[np.float32]],
    columns: NDArray[np.int64],
    bias: NDArray[np.float32],
) -> Trees:
    """Put the trees on end, thresholds in place of bins and the caller's columns."""
    sizes = [len(tree.feature) for tree in grown]
    roots = np.cumsum([0, *sizes[:-1]])
    thresholds = [
        [edges[i][b] if i >= 0 else 0.0 for i, b in zip(tree.feature, tree.at, strict=True)]
        for tree in grown
    ]
    feature = np.concatenate([tree.feature for tree in grown])
    return Trees(
        roots=roots.astype(np.int32),
        feature=np.where(feature >= 0, columns[feature], -1).astype(np.int16),
        threshold=np.concatenate(thresholds).astype(np.float32),
        left=_moved([tree.left for tree in grown], roots),
        right=_moved([tree.right for tree in grown], roots),
        value=np.concatenate([tree.value for tree in grown]).astype(np.float32),
        bias=bias,
        calibration=np.zeros((0, 2), np.float32),
    )


@njit(cache=True)
def sums_of(trees, rows):
    """Return the sums of every row, one column per class."""
    sums = np.zeros((len(rows), len(trees.bias)))
    for i in range(len(rows)):
        add_up(trees, rows[i], sums[i])
    return sums
