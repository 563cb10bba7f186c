"""What kind of beat is it? Running templates of the QRS, and what goes before and after it.

A beat is compared with up to four running means of QRS shapes seen before. The narrowest of the
frequent ones is the dominant one, which is the conducted beat in bigeminy too. Around beats of the
dominant shape the stretches in which P and T waves lie are averaged: what repeats from beat to beat
tells organised atrial activity from fibrillation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.shapes import cut, is_kept, on_grid
from wearable_agg.afib.state import (
    GRID,
    QRS,
    QRS_BEFORE,
    TEMPLATES,
    WAVE,
    Row,
)

SHAPED, OTHER, STRANGE = 1, 2, 4
"""Bits of a beat's first mark: its shape is known, is not the dominant one, was never met."""

FLAGS, LIKENESS, BEFORE, AFTER, UNREST, SIZE = range(6)
"""Marks: flags above; likeness with the dominant shape; how the stretch before and after agree with
their running means; slope between beats against that of the QRS; height of the QRS."""

SCALE = 250.0
"""A mark of 1.0 as stored."""

_SHIFT = 5
_SAME = 0.90
_PENALTY = 0.15
_LEARN = 0.125
_FORGET = 0.985
_FREQUENT = 0.3
_UNLIKE, _WIDER_UNLIKE, _WIDER = 0.85, 0.93, 24.0
_STEEP = 0.2
_ATRIAL_FROM, _REPOLAR_FROM = -64, 40
_WAVES_REMEMBERED = 20
_OUTLIER = 4.0
_TINY = 1e-6

LOOK_AHEAD = (_REPOLAR_FROM + 2 * WAVE + _SHIFT + 2) / GRID + 0.01
"""Seconds of signal after the R peak that have to be there."""


@compiled
def restart_kinds(row: Row) -> None:
    """Forget all shapes."""
    row.weights[:] = 0.0
    row.dominant = -1
    row.shaped_at = -(1 << 40)
    row.atrial_rest = row.repolar_rest = 0.0
    row.waves = 0


@compiled
def look_at(row: Row, beat: int, marks: NDArray[np.uint8]) -> None:
    """Write the marks of the beat at sample `beat`; all zero where its signal is not there."""
    marks[:] = 0
    centre = on_grid(row, beat)
    if not is_kept(
        row, centre + _ATRIAL_FROM - _SHIFT - 1, centre + _REPOLAR_FROM + 2 * WAVE + _SHIFT + 1
    ):
        return
    piece: NDArray[np.float32] = np.empty(QRS, np.float32)
    likeness, best, which, shift = _compare(row, centre, piece)
    if best < _SAME:
        shift = 0
    centre += shift
    norm = _without_mean(row, centre, piece)
    width, steepest = _width(piece)
    other = row.dominant >= 0 and (
        likeness < _UNLIKE
        or (likeness < _WIDER_UNLIKE and width > row.widths[row.dominant] + _WIDER)
    )
    _learn(row, piece, width, which if best >= _SAME else -1)
    height = _height(piece)
    marks[FLAGS] = SHAPED + OTHER * other + STRANGE * (best < _SAME)
    marks[LIKENESS] = _mark(max(likeness, best if row.dominant < 0 else likeness))
    marks[UNREST] = _mark(_unrest(row, centre, steepest))
    marks[SIZE] = _mark(height / 10_000.0)
    row.shaped_at = centre
    before, after = 0.0, 0.0
    if likeness >= _SAME and norm > _TINY:
        before, after = _waves(row, centre, height)
    marks[BEFORE], marks[AFTER] = _mark(0.5 + 0.5 * before), _mark(0.5 + 0.5 * after)


@compiled
def consistency(mean: NDArray[np.float32], rest: float, count: int) -> float:
    """Return the share of power, 0 to 1, that is common to all stretches behind `mean`."""
    if count < 2:
        return 0.0
    power = 0.0
    for value in mean:
        power += value * value
    common = max(power / len(mean) - rest / count, 0.0)
    return float(common / (common + rest + 1e-9))


@compiled
def peak_to_peak(mean: NDArray[np.float32]) -> float:
    """Return highest less lowest."""
    return float(mean.max() - mean.min())


@compiled
def _mark(value: float) -> int:
    return int(min(max(value, 0.0), 1.0) * SCALE + 0.5)


@compiled
def _without_mean(row: Row, centre: int, piece: NDArray[np.float32]) -> float:
    """Cut the QRS at `centre`, take its mean off, and return its norm."""
    cut(row, centre - QRS_BEFORE, piece)
    mean = 0.0
    for value in piece:
        mean += value
    mean /= QRS
    power = 0.0
    for i in range(QRS):
        piece[i] -= mean
        power += piece[i] * piece[i]
    return math.sqrt(power)


@compiled
def _compare(row: Row, centre: int, piece: NDArray[np.float32]) -> tuple[float, float, int, int]:
    """Return likeness with the dominant shape, the best one, whose it is and at which shift."""
    norms: NDArray[np.float64] = np.empty(TEMPLATES)
    known: NDArray[np.float32] = np.empty((TEMPLATES, QRS), np.float32)
    for k in range(TEMPLATES):
        power = np.float32(0.0)
        for i in range(QRS):
            value = np.float32(row.templates[k, i])
            known[k, i] = value
            power += value * value
        norms[k] = math.sqrt(power) + _TINY
    dominant, best, which, at = -1.0, -1.0, -1, 0
    wide: NDArray[np.float32] = np.empty(QRS + 2 * _SHIFT, np.float32)
    cut(row, centre - QRS_BEFORE - _SHIFT, wide)
    for shift in range(-_SHIFT, _SHIFT + 1):
        total, power = np.float32(0.0), np.float32(0.0)
        for i in range(QRS):
            value = wide[i + shift + _SHIFT]
            total += value
            power += value * value
        norm = math.sqrt(max(float(power - total * total / QRS), 0.0)) + _TINY
        for k in range(TEMPLATES):
            if row.weights[k] <= 0.0:
                continue
            product = _product(known[k], wide, shift + _SHIFT)
            ratio = norm / norms[k]
            alike = product / (norm * norms[k]) - _PENALTY * (ratio < 0.5 or ratio > 2.0)
            if k == row.dominant and alike > dominant:
                dominant = alike
            if alike > best:
                best, which, at = alike, k, shift
    return dominant, best, which, at


@compiled
def _product(template: NDArray[np.float32], wide: NDArray[np.float32], first: int) -> float:
    """Return the inner product; the template's mean is zero, so the other's does not matter."""
    a, b, c, d = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
    for i in range(0, QRS, 4):
        a += template[i] * wide[first + i]
        b += template[i + 1] * wide[first + i + 1]
        c += template[i + 2] * wide[first + i + 2]
        d += template[i + 3] * wide[first + i + 3]
    return float((a + b) + (c + d))


@compiled
def _width(piece: NDArray[np.float32]) -> tuple[float, float]:
    """Return from first to last steep slope in ms, and the steepest slope."""
    steepest = 0.0
    for i in range(1, QRS - 1):
        steepest = max(steepest, abs(piece[i + 1] - piece[i - 1]))
    first, last = -1, -1
    for i in range(1, QRS - 1):
        if abs(piece[i + 1] - piece[i - 1]) > _STEEP * steepest:
            if first < 0:
                first = i
            last = i
    return (last - first) * 1000.0 / GRID, steepest


@compiled
def _height(piece: NDArray[np.float32]) -> float:
    return float(piece.max() - piece.min())


@compiled
def _learn(row: Row, piece: NDArray[np.float32], width: float, which: int) -> None:
    """Take the shape into its running mean, or in place of the one met least; name the dominant."""
    for k in range(TEMPLATES):
        row.weights[k] *= _FORGET
    share = _LEARN
    if which < 0:
        which = int(np.argmin(row.weights))
        share = 1.0
        row.weights[which] = 0.0
    for i in range(QRS):
        before = row.templates[which, i]
        row.templates[which, i] = round(before + share * (piece[i] - before))
    row.widths[which] += share * (width - row.widths[which])
    row.weights[which] += 1.0
    heaviest = row.weights.max()
    narrowest = math.inf
    for k in range(TEMPLATES):
        rank = row.widths[k] - 20.0 * row.weights[k] / heaviest
        if row.weights[k] >= _FREQUENT * heaviest and rank < narrowest:
            narrowest, row.dominant = rank, k


@compiled
def _unrest(row: Row, centre: int, steepest: float) -> float:
    """Return the root mean square slope since the beat before, against the QRS's steepest."""
    first, last = row.shaped_at + 50, centre - 20
    if last - first < 10 or not is_kept(row, first - 1, last + 1):
        return 0.0
    between: NDArray[np.float32] = np.empty(last - first + 2, np.float32)
    cut(row, first - 1, between)
    total = 0.0
    for i in range(1, len(between) - 1):
        slope = between[i + 1] - between[i - 1]
        total += slope * slope
    return math.sqrt(total / (len(between) - 2)) / (steepest + _TINY)


@compiled
def _waves(row: Row, centre: int, height: float) -> tuple[float, float]:
    """Return how the stretches before and after the QRS agree with their means; learn them."""
    row.waves = min(row.waves + 1, _WAVES_REMEMBERED)
    before, row.atrial_rest = _agree(
        row, centre + _ATRIAL_FROM, height, row.atrial, row.atrial_rest
    )
    after, row.repolar_rest = _agree(
        row, centre + _REPOLAR_FROM, height, row.repolar, row.repolar_rest
    )
    return before, after


@compiled
def _agree(
    row: Row, first: int, height: float, mean: NDArray[np.float32], rest: float
) -> tuple[float, float]:
    piece: NDArray[np.float32] = np.empty(2 * WAVE, np.float32)
    cut(row, first, piece)
    stretch = _straightened(piece, height)
    product, own, common, apart = 0.0, 0.0, 0.0, 0.0
    for i in range(WAVE):
        product += stretch[i] * mean[i]
        own += stretch[i] * stretch[i]
        common += mean[i] * mean[i]
        apart += (stretch[i] - mean[i]) ** 2
    share = 1.0 / row.waves
    if row.waves == 1:
        mean[:] = stretch
        return 0.0, 0.0
    apart = min(apart / WAVE, _OUTLIER * rest) if row.waves > 4 else apart / WAVE
    for i in range(WAVE):
        mean[i] += share * (stretch[i] - mean[i])
    return product / math.sqrt(own * common + 1e-18), rest + share * (apart - rest)


@compiled
def _straightened(piece: NDArray[np.float32], height: float) -> NDArray[np.float64]:
    """Return the stretch at half the grid's rate, in heights of the QRS, its straight line off."""
    stretch: NDArray[np.float64] = np.empty(WAVE)
    level, slope = 0.0, 0.0
    middle = 0.5 * (WAVE - 1)
    for i in range(WAVE):
        stretch[i] = 0.5 * (piece[2 * i] + piece[2 * i + 1]) / (height + _TINY)
        level += stretch[i]
        slope += stretch[i] * (i - middle)
    level /= WAVE
    slope /= WAVE * (WAVE * WAVE - 1) / 12.0
    for i in range(WAVE):
        stretch[i] -= level + slope * (i - middle)
    return stretch
