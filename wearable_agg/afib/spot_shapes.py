"""The mean beat of a whole spot recording, and how single beats differ from it.

A recording is looked at as a whole: nothing here is for streams.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = dict[str, float]

GRID = 250.0
"""Samples per second at which a recording is looked at."""

BEFORE, AFTER = 90, 150
"""Samples of a beat before and after its R peak: 0.36 and 0.6 s."""

_QRS = slice(BEFORE - 22, BEFORE + 28)
_LEVEL = slice(BEFORE - 25, BEFORE - 12)
_P = (BEFORE - 78, BEFORE - 14)
_T = (BEFORE + 28, BEFORE + 130)
_STRETCHES = {
    "p": _P,
    "qrs": (BEFORE - 14, BEFORE + 20),
    "st": (BEFORE + 20, BEFORE + 45),
    "t": (BEFORE + 40, BEFORE + 110),
    "tp": (BEFORE - 90, BEFORE - 60),
}
_SHIFTS = range(-6, 7)
_ALIKE = 0.9
_FEWEST = 3
_STEP = 6
_MILLISECONDS = 1000.0 / GRID


@dataclass(frozen=True, slots=True)
class MeanBeat:
    """The median of the beats alike, upright and of height 1, and all beats on the same scale.

    `known` says which of the R peaks given have a whole beat around them; `places` are those,
    aligned; `likeness` is the correlation of each QRS with that of the mean, `alike` the beats
    that made it.
    """

    known: NDArray[np.bool_]
    places: NDArray[np.int64]
    likeness: Array
    alike: NDArray[np.bool_]
    height: float
    sign: float
    sizes: Array
    mean: Array
    beats: Array


def correlation(one: Array, other: Array) -> Array:
    """Return Pearson's correlation along the last axis."""
    one = one - one.mean(-1, keepdims=True)
    other = other - other.mean(-1, keepdims=True)
    power = (one * one).sum(-1) * (other * other).sum(-1)
    return np.asarray((one * other).sum(-1) / (np.sqrt(power) + 1e-9))


def quantiles(values: Array, *shares: float) -> list[float]:
    """Return quantiles, 0 where there are no values."""
    return [float(np.quantile(values, share)) if len(values) else 0.0 for share in shares]


def mean_beat(signal: Array, peaks: NDArray[np.int64]) -> MeanBeat | None:
    """Return the mean beat around `peaks` (samples), None where there are under three beats."""
    known = (peaks - BEFORE >= 0) & (peaks + AFTER < len(signal))
    places = peaks[known]
    if len(places) < _FEWEST:
        return None
    beats = _cut(signal, places)
    mean = np.median(beats, 0)
    for _ in range(2):
        places, likeness = _aligned(signal, places, mean)
        beats = _cut(signal, places)
        alike = _chosen(likeness)
        mean = np.median(beats[alike], 0)
    mean = mean - np.median(mean[_LEVEL])
    highest, lowest = mean[_QRS].max(), mean[_QRS].min()
    height = float(highest - lowest + 1e-6)
    sign = 1.0 if highest >= -lowest else -1.0
    sizes = np.ptp(beats[:, _QRS], axis=1)
    scale = sign / height
    return MeanBeat(
        known, places, likeness, alike, height, sign, sizes, mean * scale, beats * scale
    )


def shape_of(found: MeanBeat) -> Numbers:
    """Return measures of the mean beat: QRS, P, ST and T, and its course."""
    mean = found.mean
    slope = np.abs(np.gradient(mean))[BEFORE - 30 : BEFORE + 38]
    steep = {part: np.flatnonzero(slope > part / 100.0 * slope.max()) for part in (8, 15, 30)}
    made = {f"mean_width_{part}": float(at[-1] - at[0]) for part, at in steep.items()}
    qrs = mean[_QRS]
    area = np.abs(qrs).sum()
    turns = (np.diff(np.sign(np.gradient(qrs))) != 0) & (np.abs(qrs[1:]) > 0.08)
    made |= {
        "mean_height": found.height,
        "mean_area": area,
        "mean_upright": np.maximum(qrs, 0.0).sum() / (area + 1e-9),
        "mean_turns": turns.sum(),
        "mean_q": -mean[BEFORE - 15 : BEFORE].min(),
        "mean_s": -mean[BEFORE : BEFORE + 20].min(),
        "mean_st_60": mean[BEFORE + 25],
        "mean_st_80": mean[BEFORE + 32],
        "mean_pr_slope": mean[BEFORE - 14] - mean[BEFORE - 30],
    }
    wave = mean[slice(*_T)]
    highest = int(np.argmax(np.abs(wave - np.median(wave))))
    made |= {"mean_t": wave[highest], "mean_t_at": highest * _MILLISECONDS}
    made |= _wave("p", mean, _P) | _wave("t", mean, _T)
    course = range(0, BEFORE + AFTER, _STEP)
    return made | {f"mean_{at}": mean[at : at + _STEP].mean() for at in course}


def likeness_of(found: MeanBeat) -> Numbers:
    """Return how alike the beats are, as a whole and stretch by stretch."""
    likeness = found.likeness
    made = {
        f"beats_{name}": value
        for name, value in zip(
            ("least", "5", "20", "50"), quantiles(likeness, 0.0, 0.05, 0.2, 0.5), strict=True
        )
    }
    sizes = found.sizes / np.median(found.sizes)
    low, middle, high = quantiles(sizes, 0.05, 0.5, 0.95)
    made |= {
        "beats_alike": found.alike.mean(),
        "beats_under_80": (likeness < 0.8).sum(),
        "beats_under_60": (likeness < 0.6).sum(),
        "beats_under_90": (likeness < 0.9).mean(),
        "size_5": low,
        "size_50": middle,
        "size_95": high,
    }
    for name, (first, last) in _STRETCHES.items():
        made |= _stretch(found, name, first, last)
    return made | _atrial(found)


def p_likeness(found: MeanBeat) -> Array:
    """Return for each beat how its stretch before the QRS correlates with that of the mean."""
    return correlation(found.beats[:, slice(*_P)], found.mean[slice(*_P)][None])


def _cut(signal: Array, places: NDArray[np.int64]) -> Array:
    beats = np.array([signal[place - BEFORE : place + AFTER] for place in places])
    level: Array = np.median(beats[:, _LEVEL], 1, keepdims=True)
    return beats - level


def _aligned(
    signal: Array, places: NDArray[np.int64], mean: Array
) -> tuple[NDArray[np.int64], Array]:
    """Move each place to where its QRS is most like that of `mean`; return the likeness too."""
    best, likeness = np.zeros(len(places), np.int64), np.full(len(places), -2.0)
    for shift in _SHIFTS:
        moved = np.clip(places + shift, BEFORE, len(signal) - AFTER - 1)
        pieces = np.array([signal[place - 22 : place + 28] for place in moved])
        alike = correlation(pieces, mean[_QRS][None])
        better = alike > likeness
        best[better], likeness[better] = shift, alike[better]
    return np.clip(places + best, BEFORE, len(signal) - AFTER - 1), likeness


def _chosen(likeness: Array) -> NDArray[np.bool_]:
    """Choose the beats alike, at least three."""
    enough = (likeness > _ALIKE).sum() >= _FEWEST
    chosen = likeness >= (_ALIKE if enough else np.quantile(likeness, 0.25))
    if chosen.sum() < _FEWEST:
        chosen = likeness >= np.sort(likeness)[-_FEWEST]
    return np.asarray(chosen)


def _wave(name: str, mean: Array, ends: tuple[int, int]) -> Numbers:
    """Measure what stands out of the straight line between the ends of a stretch."""
    first, last = ends
    stretch = mean[first:last]
    line = np.arange(last - first) / (last - first - 1)
    wave = stretch - (stretch[0] + (stretch[-1] - stretch[0]) * line)
    top, bottom = int(np.argmax(wave)), int(np.argmin(wave))
    low = np.flatnonzero(wave <= 0.5 * wave[top])
    begin = low[low < top].max(initial=-1) + 1
    end = low[low > top].min(initial=len(wave)) - 1
    return {
        f"{name}_highest": wave[top],
        f"{name}_highest_at": (first + top - BEFORE) * _MILLISECONDS,
        f"{name}_lowest": wave[bottom],
        f"{name}_lowest_at": (first + bottom - BEFORE) * _MILLISECONDS,
        f"{name}_width": (end - begin) * _MILLISECONDS,
    }


def _stretch(found: MeanBeat, name: str, first: int, last: int) -> Numbers:
    """Return what varies in a stretch between the beats alike, and how it agrees in all beats."""
    pieces = found.beats[found.alike, first:last]
    rest = pieces - pieces.mean(0)
    noise = np.sqrt(((rest - rest.mean(1, keepdims=True)) ** 2).mean(1))
    mean = found.mean[first:last]
    power = ((mean - mean.mean()) ** 2).mean()
    made = {"common": power / (power + np.median(noise) ** 2 + 1e-9)}
    for share, value in zip((20, 50, 80), quantiles(noise, 0.2, 0.5, 0.8), strict=True):
        made[f"rest_{share}"] = value
    agreement = correlation(found.beats[:, first:last], mean[None])
    for share in (5, 25, 50, 75):
        made[f"agreement_{share}"] = float(np.quantile(agreement, share / 100.0))
    return {f"{name}_{key}": value for key, value in made.items()}


def _atrial(found: MeanBeat) -> Numbers:
    """Return the height of each beat's P wave where the mean has one, and how beats agree."""
    first, last = _P
    wave = found.mean[first:last]
    line = np.arange(last - first) / (last - first - 1)
    top = int(np.argmax(wave - (wave[0] + (wave[-1] - wave[0]) * line)))
    beats = found.beats
    level = 0.5 * (beats[:, first : first + 6].mean(1) + beats[:, last - 6 : last].mean(1))
    heights = beats[:, first + max(top - 3, 0) : first + top + 4].mean(1) - level
    low, middle, high = quantiles(heights, 0.25, 0.5, 0.75)
    alike = beats[found.alike]
    t = slice(BEFORE + 30, BEFORE + 110)
    return {
        "p_height": middle,
        "p_height_spread": high - low,
        "p_height_sure": middle / (high - low + 1e-3),
        "p_beat_to_beat": float(
            np.median(correlation(alike[1:, first:last], alike[:-1, first:last]))
        ),
        "t_beat_to_beat": float(np.median(correlation(alike[1:, t], alike[:-1, t]))),
    }
