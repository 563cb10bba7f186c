"""What a whole spot recording shows besides what a stream would: looked at back and forth.

The mean beat and what departs from it, the rhythm with and without beats of another shape, early
and late beats, a second look for beats, and what is left without them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.spot_shapes import (
    AFTER,
    BEFORE,
    GRID,
    Array,
    MeanBeat,
    Numbers,
    likeness_of,
    mean_beat,
    p_likeness,
    quantiles,
    shape_of,
)

_INTERVALS = (
    "deviation",
    "successive",
    "successive_median",
    "ellipse",
    "over_20",
    "over_50",
    "rate",
    "entropy",
    "difference_entropy",
    "sample_entropy_1",
    "sample_entropy_2",
    "kurtosis",
    "skewness",
    "correlation_1",
    "correlation_2",
    "correlation_3",
)
_BANDS = ((1, 3), (3, 5), (4, 9), (5, 7), (7, 10), (10, 20), (20, 40))
_RHYTHM_OF = ("all", "alike", "near")
_SHARES = (0, 25, 50, 75, 100)

WHOLE = (
    *(f"mean_width_{part}" for part in (8, 15, 30)),
    *("mean_height", "mean_area", "mean_upright", "mean_turns", "mean_q", "mean_s"),
    *("mean_st_60", "mean_st_80", "mean_pr_slope", "mean_t", "mean_t_at"),
    *(
        f"{wave}_{what}"
        for wave in "pt"
        for what in ("highest", "highest_at", "lowest", "lowest_at", "width")
    ),
    *(f"mean_{at}" for at in range(0, BEFORE + AFTER, 6)),
    *("beats_least", "beats_5", "beats_20", "beats_50"),
    *("beats_alike", "beats_under_80", "beats_under_60", "beats_under_90"),
    *("size_5", "size_50", "size_95"),
    *(
        f"{stretch}_{what}"
        for stretch in ("p", "qrs", "st", "t", "tp")
        for what in (
            "common",
            *(f"rest_{share}" for share in (20, 50, 80)),
            *(f"agreement_{share}" for share in (5, 25, 50, 75)),
        )
    ),
    *("p_height", "p_height_spread", "p_height_sure", "p_beat_to_beat", "t_beat_to_beat"),
    *(f"{which}_{i}" for which in ("earliest", "latest", "paused") for i in range(3)),
    *("paused_sum", "early_beats", "early_beats_share", "early_qrs", "early_p"),
    *("timely_p", "early_p_loss", "rate_highest", "rate_lowest", "rate_first", "rate_last"),
    *("rate_mean", "all_beats"),
    *(f"{which}_{name}" for which in _RHYTHM_OF for name in _INTERVALS),
    *("agreeing", "extra_beats"),
    *(f"rest_{a}_{b}" for a, b in _BANDS),
    *("rest_peak_at", "rest_peak", "rest"),
    *(f"{which}_{share}" for which in ("fast", "rest") for share in _SHARES),
    *("wander", "wander_step"),
)
"""Names of the numbers, in their order."""

_TINY = 1e-9
_PIECE = 500
_EARLY = 0.88


def whole_features(samples: Array, rate: float, peaks: Array) -> Numbers:
    """Return the numbers of a recording in mV, `peaks` the times of its R peaks in s.

    Empty where there are fewer than three beats with their surroundings.
    """
    signal = _band(samples, rate, 0.5, 40.0)
    places = np.round(peaks * GRID).astype(np.int64)
    found = mean_beat(signal, places)
    if found is None:
        return {}
    intervals = np.diff(peaks)
    made = shape_of(found) | likeness_of(found)
    made |= _early(found, intervals) | _rates(peaks)
    made |= _rhythms(found, intervals)
    made |= _second_look(_band(samples, rate, 8.0, 20.0), places)
    made |= _noise(found, signal, samples, rate, places)
    return {name: float(value) for name, value in made.items()}


def _band(samples: Array, rate: float, low: float, high: float) -> Array:
    """Return the signal on the grid without what is slower or faster, and without delay.

    Gains of Butterworth filters of order 2 and 4, over a second mirrored at either end.
    """
    second = int(rate)
    before = 2 * samples[0] - samples[second:0:-1]
    after = 2 * samples[-1] - samples[-2 : -second - 2 : -1]
    spectrum = np.fft.rfft(np.concatenate([before, samples, after]))
    length = len(before) + len(samples) + len(after)
    at = np.fft.rfftfreq(length, 1.0 / rate)
    gain = 1.0 / np.sqrt(1.0 + (at / high) ** 8)
    if low > 0.0:
        gain = gain / np.sqrt(1.0 + (low / np.maximum(at, _TINY)) ** 4)
    filtered = np.fft.irfft(spectrum * gain, length)[len(before) : len(before) + len(samples)]
    times = np.arange(0.0, len(samples) / rate - 1.0 / rate, 1.0 / GRID)
    on_grid: Array = np.interp(times, np.arange(len(samples)) / rate, filtered)
    return on_grid


def _early(found: MeanBeat, intervals: Array) -> Numbers:
    """Compare each interval with the median of those around it."""
    around = [np.median(intervals[max(0, i - 4) : i + 5]) for i in range(len(intervals))]
    ratios = intervals / np.array(around)
    ordered = np.append(np.sort(ratios), [1.0] * 3)
    latest = np.append(np.sort(ratios)[::-1], [1.0] * 3)
    following = np.append(ratios[1:], 1.0)
    pauses = (1.0 - ratios) + (following - 1.0)
    most = np.append(np.sort(pauses)[::-1], [0.0] * 3)
    made = {f"earliest_{i}": ordered[i] for i in range(3)}
    made |= {f"latest_{i}": latest[i] for i in range(3)}
    made |= {f"paused_{i}": most[i] for i in range(3)}
    foremost = int(np.argmax(pauses))
    made["paused_sum"] = ratios[foremost] + following[foremost]
    return made | _early_shapes(found, ratios)


def _early_shapes(found: MeanBeat, ratios: Array) -> Numbers:
    """Tell whether early beats look like timely ones, before and in the QRS."""
    ends = np.flatnonzero(found.known)
    behind = ends > 0
    ratios = ratios[ends[behind] - 1]
    qrs, atrial = found.likeness[behind], p_likeness(found)[behind]
    early, timely = ratios < _EARLY, (ratios > 0.92) & (ratios < 1.1)
    usual = float(np.median(atrial[timely])) if timely.any() else 0.0
    atrial_early = float(atrial[early].mean()) if early.any() else 1.0
    return {
        "early_beats": early.sum(),
        "early_beats_share": early.sum() / len(ratios) if len(ratios) else 0.0,
        "early_qrs": float(qrs[early].mean()) if early.any() else 1.0,
        "early_p": atrial_early,
        "timely_p": usual,
        "early_p_loss": usual - atrial_early,
    }


def _rates(peaks: Array) -> Numbers:
    intervals = np.diff(peaks)
    five = intervals
    if len(intervals) >= 5:
        five = np.convolve(intervals, np.ones(5) / 5.0, "valid")
    third = len(intervals) // 3 + 1
    return {
        "rate_highest": 60.0 / five.min(),
        "rate_lowest": 60.0 / five.max(),
        "rate_first": 60.0 / np.median(intervals[:third]),
        "rate_last": 60.0 / np.median(intervals[-third:]),
        "rate_mean": 60.0 * len(intervals) / (peaks[-1] - peaks[0]),
        "all_beats": len(peaks),
    }


def _rhythms(found: MeanBeat, intervals: Array) -> Numbers:
    """Measure all intervals, those of beats alike, and of these the ones near their median."""
    unlike = np.zeros(len(intervals) + 1, bool)
    unlike[np.flatnonzero(found.known)[found.likeness < 0.8]] = True
    kept = ~(unlike[1:] | unlike[:-1])
    alike = intervals[kept] if kept.sum() >= 4 else intervals
    middle = np.median(alike)
    spread = np.median(np.abs(alike - middle))
    near = alike[np.abs(alike - middle) <= max(4.0 * spread, 0.06)]
    made: Numbers = {}
    for name, values in zip(_RHYTHM_OF, (intervals, alike, near), strict=True):
        numbers = _irregularity(values if len(values) >= 3 else intervals)
        made |= {f"{name}_{key}": numbers[key] for key in _INTERVALS}
    return made


def _irregularity(values: Array) -> Numbers:
    """Return what _INTERVALS names; Poincaré's ellipse as short axis by long axis."""
    steps = np.diff(values)
    mean, deviation = values.mean(), values.std()
    short = steps.std() / np.sqrt(2.0)
    long = np.sqrt(max(2.0 * values.var() - short**2, _TINY))
    centred = values - mean
    power = (centred * centred).sum() + _TINY
    made = {
        "deviation": deviation / mean,
        "successive": np.sqrt((steps**2).mean()) / mean,
        "successive_median": np.median(np.abs(steps)) / mean,
        "ellipse": short / long,
        "over_20": (np.abs(steps) > 0.02).mean(),
        "over_50": (np.abs(steps) > 0.05).mean(),
        "rate": 60.0 / np.median(values),
        "entropy": _entropy(values / 0.04),
        "difference_entropy": _entropy(steps / 0.03 + 40.5),
        "sample_entropy_1": _sample_entropy(values, 1, 0.1 * mean),
        "sample_entropy_2": _sample_entropy(values, 2, 0.1 * mean),
        "kurtosis": ((centred / (deviation + 1e-6)) ** 4).mean(),
        "skewness": ((centred / (deviation + 1e-6)) ** 3).mean(),
    }
    for lag in (1, 2, 3):
        product = (centred[lag:] * centred[:-lag]).sum() if len(values) > lag else 0.0
        made[f"correlation_{lag}"] = product / power
    return made


def _entropy(values: Array) -> float:
    """Return Shannon's entropy of a histogram whose bins are one wide, 0 to 80."""
    counts = np.bincount(np.clip(values.astype(np.int64), 0, 80))
    shares = counts[counts > 0] / len(values)
    return float(-(shares * np.log(shares)).sum())


def _sample_entropy(values: Array, length: int, radius: float) -> float:
    """Return how seldom runs that match for `length` intervals match for one more."""
    if len(values) < length + 3:
        return 0.0
    return float(
        -np.log(
            (_matches(values, length + 1, radius) + 0.5) / (_matches(values, length, radius) + 0.5)
        )
    )


def _matches(values: Array, length: int, radius: float) -> float:
    runs = np.lib.stride_tricks.sliding_window_view(values, length)
    apart = np.abs(runs[:, None, :] - runs[None]).max(2)
    return float(((apart <= radius).sum() - len(runs)) / 2)


def _second_look(fast: Array, places: NDArray[np.int64]) -> Numbers:
    """Look for beats by the power of 8 to 20 Hz alone, and tell how far both looks agree."""
    power = np.convolve(fast * fast, np.ones(25) / 25.0, "same")
    inside = places[places < len(fast)]
    usual = np.median([power[max(at - 10, 0) : at + 11].max() for at in inside])
    middle = power[1:-1]
    peak = (middle > power[:-2]) & (middle >= power[2:]) & (middle > 0.15 * usual)
    kept: list[int] = []
    for at in (np.flatnonzero(peak) + 1).tolist():
        if not kept or at - kept[-1] >= 50:
            kept.append(at)
        elif power[at] > power[kept[-1]]:
            kept[-1] = at
    apart = np.abs(np.array(kept or [0])[:, None] - places[None, :])
    extra = (apart.min(1) >= 25).sum()
    return {"agreeing": (apart.min(0) < 25).sum() / (len(places) + extra), "extra_beats": extra}


def _noise(
    found: MeanBeat, signal: Array, samples: Array, rate: float, places: NDArray[np.int64]
) -> Numbers:
    """Measure what lies between the QRS without the mean beat: its spectrum, and by two seconds."""
    between = np.ones(len(signal), bool)
    for at in places:
        between[max(at - 20, 0) : at + 25] = False
    rest = _without_beats(found, signal) * between
    made = _spectrum(rest)
    made["rest"] = np.sqrt((rest**2).sum() / between.sum())
    fast = _band(samples, rate, 20.0, 60.0) / found.height * between
    for name, values in (("fast", fast), ("rest", rest)):
        pieces = values[: len(values) // _PIECE * _PIECE].reshape(-1, _PIECE)
        levels = np.sqrt((pieces**2).mean(1))
        for share in _SHARES:
            made[f"{name}_{share}"] = quantiles(levels, share / 100.0)[0]
    wander = _band(samples, rate, 0.0, 1.0) / found.height
    return made | {"wander": wander.std(), "wander_step": np.abs(np.diff(wander)).max()}


def _without_beats(found: MeanBeat, signal: Array) -> Array:
    rest: Array = found.sign * signal / found.height
    for i, place in enumerate(found.places.tolist()):
        first, last = place - BEFORE, place + AFTER
        if i + 1 < len(found.places):
            last = min(last, int(found.places[i + 1]) - 60)
        if last > first:
            rest[first:last] -= found.mean[: last - first]
    return rest


def _spectrum(rest: Array) -> Numbers:
    power = np.abs(np.fft.rfft(rest * np.hanning(len(rest)))) ** 2
    at = np.fft.rfftfreq(len(rest), 1.0 / GRID)
    total = power[(at > 0.7) & (at < 30.0)].sum() + 1e-12
    made = {f"rest_{a}_{b}": power[(at >= a) & (at < b)].sum() / total for a, b in _BANDS}
    band = (at >= 4.0) & (at < 10.0)
    atrial = power[band]
    top = int(np.argmax(np.convolve(atrial, np.ones(5) / 5.0, "same")))
    made["rest_peak_at"] = at[band][top]
    made["rest_peak"] = atrial[max(top - 6, 0) : top + 7].sum() / (atrial.sum() + 1e-12)
    return made
