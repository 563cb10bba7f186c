"""Heart beats from ECG, causally: band-pass, slope, integration, adaptive thresholds, search-back.

After Pan and Tompkins, IEEE Trans Biomed Eng 1985;32:230, with the thresholds on the amplitude of
the integrated slope rather than on its square: ectopic beats then do not deafen the detector to
normal ones.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.filters import design_band_pass, group_delay
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.shapes import restart_shape
from wearable_agg.afib.state import ENERGY, PENDING, RAW, Row

_QRS_FREQUENCY = 10.0
"""Hz at which the filter's delay is that of a QRS."""

_SEARCH, _ARM = 0.09, 0.04
"""Seconds either side of the slope's peak in which the R peak is looked for, and how far apart
the samples are that it has to stand out from."""

_SLOPE_OF_QRS = 16.0
"""Integrated slope per second of a QRS of 1 mV: median over MITDB, where it is 8 to 20."""

_LEVEL_CAP = 3.0
"""One peak, or one interval, counts for no more than so many times the running estimate."""

_FALLEN = 0.5
"""A peak of the slope is over when the slope has fallen to this share of it."""

_FORGET = 0.85
"""What remains of the levels after a second of silence."""

_NEVER = -(1 << 40)


@compiled
def restart(row: Row, rate: float, sample: float, rules: Rules) -> None:
    """Forget the signal and design the filters for `rate`; the detector learns anew.

    The filters start as if the signal had always stood at its first `sample`, so that an offset
    makes no false beat.
    """
    design_band_pass(rules.band_low, rules.band_high, rate, row.sections)
    row.design_rate = rate
    row.window = min(int(rules.integration * rate), ENERGY)
    row.lag = int(row.window / 2 + group_delay(row.sections, _QRS_FREQUENCY, rate))
    row.block = int(rate + 0.5)
    row.quietest = rules.smallest_qrs * _SLOPE_OF_QRS / rate
    row.delays[:] = 0.0
    row.delays[0, :] = -row.sections[0, 0] * sample
    row.energy[:] = 0.0
    row.raw[:] = sample
    row.index = row.filled = row.pending_count = 0
    row.unfit_from = row.unfit_to = -1
    row.previous = row.energy_sum = 0.0
    row.peak = row.signal_level = row.noise_level = row.last_level = 0.0
    row.mean_interval = row.candidate = 0.0
    row.peak_index = 0
    row.last_peak = _NEVER
    restart_shape(row, sample)


@compiled
def integrate(row: Row, raw: NDArray[np.float32], level: NDArray[np.float64], renew: bool) -> None:
    """Write into `level` the integrated slope for the samples of `raw` after its first RAW.

    `renew` adds the window's sum up anew, so that rounding never piles up.
    """
    count = len(level)
    window = row.window
    energy = np.empty(window + count, np.float32)
    copy(row.energy, 0, energy, window)
    if renew:
        row.energy_sum = 0.0
        for i in range(window):
            row.energy_sum += energy[i]
    first, second = row.sections[0], row.sections[1]
    a, b, c, d = row.delays[0, 0], row.delays[0, 1], row.delays[1, 0], row.delays[1, 1]
    previous, total = row.previous, row.energy_sum
    for i in range(count):
        x = first[0] * raw[RAW + i]
        y = x + a
        a = b - first[1] * y
        b = -x - first[2] * y
        x = second[0] * y
        z = x + c
        c = d - second[1] * z
        d = -x - second[2] * z
        slope = z - previous
        previous = z
        energy[window + i] = slope * slope
        total += energy[window + i] - energy[i]
        level[i] = math.sqrt(max(total, 0.0) / window)
    row.delays[0, 0], row.delays[0, 1], row.delays[1, 0], row.delays[1, 1] = a, b, c, d
    row.previous, row.energy_sum = previous, total
    copy(energy, count, row.energy, window)


@compiled
def find_beats(
    row: Row, raw: NDArray[np.float32], level: NDArray[np.float64], rules: Rules
) -> None:
    """Follow the integrated slope and put the R peaks found into `row.pending`."""
    rate = row.design_rate
    learnt = int(rules.learning * rate)
    peak, peak_index = row.peak, row.peak_index
    start = row.index
    overdue = _overdue(row, rules)
    for i in range(len(level)):
        value = level[i]
        if value > peak:
            peak, peak_index = value, start + i
        elif value < _FALLEN * peak:
            beat = _r_peak(row, raw, peak_index - start, i)
            _judge(row, peak, peak_index, start + beat, start + i < learnt, rules)
            peak, peak_index = value, start + i
            overdue = _overdue(row, rules)
        if start + i > overdue:
            _search_back(row, rules)
            overdue = _overdue(row, rules)
    row.peak, row.peak_index = peak, peak_index
    row.index = start + len(level)


@compiled
def copy(source: NDArray[np.float32], first: int, target: NDArray[np.float32], count: int) -> None:
    """Copy `count` samples from `first` on to the head of `target`.

    Slices would do the same, but their error message alone takes seconds to compile.
    """
    for i in range(count):
        target[i] = source[first + i]


@compiled
def fade(row: Row, rules: Rules) -> None:
    """Let the levels sink when no beat has been heard for long; called once a second."""
    if row.index - row.last_peak > rules.rr_longest * row.design_rate:
        row.signal_level *= _FORGET
        row.noise_level *= _FORGET


@compiled
def _threshold(row: Row, rules: Rules) -> float:
    span = row.signal_level - row.noise_level
    return float(row.noise_level + rules.threshold_share * span)


@compiled
def _judge(row: Row, level: float, at: int, beat: int, learning: bool, rules: Rules) -> None:
    if learning:
        row.signal_level = max(row.signal_level, level)
        row.noise_level = 0.5 * row.noise_level + 0.1 * level
        threshold = 0.3 * row.signal_level
    else:
        threshold = _threshold(row, rules)
    since = (at - row.last_peak) / row.design_rate
    if since <= rules.refractory:
        return
    t_wave = since < rules.t_wave_within and level < rules.t_wave_share * row.last_level
    if level > max(threshold, row.quietest) and not t_wave:
        if not learning:
            rise = min(level, _LEVEL_CAP * row.signal_level) - row.signal_level
            row.signal_level += rules.peak_weight * rise
        _accept(row, level, at, beat, rules)
    elif not learning:
        row.noise_level += rules.peak_weight * (level - row.noise_level)
        if level > row.candidate and since > rules.t_wave_within:
            row.candidate, row.candidate_index, row.candidate_beat = level, at, beat


@compiled
def _accept(row: Row, level: float, at: int, beat: int, rules: Rules) -> None:
    interval = float(at - row.last_peak)
    if row.mean_interval == 0.0:
        if interval < rules.rr_longest * row.design_rate:
            row.mean_interval = interval
    else:
        rise = min(interval, _LEVEL_CAP * row.mean_interval) - row.mean_interval
        row.mean_interval += rules.peak_weight * rise
    row.last_level, row.last_peak, row.candidate = level, at, 0.0
    if row.pending_count < PENDING:
        row.pending[row.pending_count] = beat
        row.pending_count += 1


@compiled
def _overdue(row: Row, rules: Rules) -> int:
    """Return the sample index after which a missed beat is looked for."""
    least = max(rules.search_back_share * _threshold(row, rules), row.quietest)
    if row.candidate <= least or row.mean_interval == 0.0:
        return 1 << 62
    return int(row.last_peak + rules.search_back_after * row.mean_interval)


@compiled
def _search_back(row: Row, rules: Rules) -> None:
    rise = row.candidate - row.signal_level
    row.signal_level += rules.search_back_weight * rise
    _accept(row, row.candidate, row.candidate_index, row.candidate_beat, rules)


@compiled
def _r_peak(row: Row, raw: NDArray[np.float32], peak: int, now: int) -> int:
    """Return where the signal is sharpest around a peak of the slope.

    Sharpest is the sample that stands out farthest from the middle of those 40 ms before and
    after: T waves and baseline are too slow to. Indices count from the first new sample; negative
    ones reach into the kept signal.
    """
    reach = int(_SEARCH * row.design_rate)
    arm = int(_ARM * row.design_rate)
    centre = RAW + peak - row.lag
    best, farthest = centre, -1.0
    for i in range(max(centre - reach, arm), min(centre + reach, RAW + now - arm) + 1):
        distance = abs(raw[i] - 0.5 * (raw[i - arm] + raw[i + arm]))
        if distance > farthest:
            best, farthest = i, distance
    return int(best - RAW)
