"""When a simulated heart beats, and how: sinus rhythm, ectopic beats, atrial fibrillation.

Sinus beats fall where a phase, the integral of a slowly varying rate, passes a whole number. The
phase has a closed form, so any stretch of a day can be made by itself and all stretches join.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL, ATRIAL, VENTRICULAR, FIBRILLATING = range(4)
STRETCH = 60.0
"""Seconds made at a time; ectopic and fibrillating beats are drawn for each by its own seed."""

REFRACTORY = 0.28
PHASE_STEP = 0.02


@dataclass(frozen=True, slots=True)
class Beats:
    """R-peak times in seconds since the patch was put on, the kind of each beat, RR before it."""

    times: Floats
    kinds: NDArray[np.int64]
    intervals: Floats


@dataclass(frozen=True, slots=True)
class Programme:
    """What the heart does when: fibrillation from `onset` to `end`, sinus rhythm otherwise.

    Seconds since the patch was put on; rates are beats per minute, `ectopy` the share of beats
    that come early.
    """

    onset: float
    end: float
    sinus_rate: float = 66.0
    fibrillating_rate: float = 112.0
    ectopy: float = 0.008

    def fibrillates(self, times: Floats) -> NDArray[np.bool_]:
        """Tell for each time whether the atria fibrillate."""
        return (times >= self.onset) & (times < self.end)


def beats(seed: int, programme: Programme, start: float, end: float) -> Beats:
    """Return the beats from `start` to `end`, and some seconds around them."""
    first, last = int(start // STRETCH) - 1, int(end // STRETCH) + 1
    parts = [_stretch(seed, programme, number) for number in range(max(first, 0), last + 1)]
    times = np.concatenate([part[0] for part in parts])
    kinds = np.concatenate([part[1] for part in parts])
    kept = np.diff(times, prepend=-np.inf) > REFRACTORY
    times, kinds = times[kept], kinds[kept]
    return Beats(times, kinds, np.diff(times, prepend=times[0] - 60 / programme.sinus_rate))


def respiration(seed: int, times: Floats) -> Floats:
    """Return the depth of breath, -1 to 1: about 15 breaths a minute, wandering."""
    turn = np.random.default_rng([seed, 1]).uniform(0, 2 * np.pi, 2)
    wander = 0.9 * np.sin(2 * np.pi * 0.011 * times + turn[0])
    breath: Floats = np.sin(2 * np.pi * 0.25 * times + wander + turn[1])
    return breath


def _stretch(seed: int, programme: Programme, number: int) -> tuple[Floats, NDArray[np.int64]]:
    start, end = number * STRETCH, (number + 1) * STRETCH
    random = np.random.default_rng([seed, 2, number])
    times, kinds = _with_ectopy(_sinus(seed, programme, start, end), programme, random)
    regular = ~programme.fibrillates(times)
    if programme.end <= start or programme.onset >= end:
        return times, kinds
    irregular = _fibrillating(programme, start, random)
    irregular = irregular[programme.fibrillates(irregular) & (irregular < end)]
    together = np.concatenate([times[regular], irregular])
    which = np.concatenate([kinds[regular], np.full(len(irregular), FIBRILLATING)])
    order = np.argsort(together, kind="stable")
    return together[order], which[order]


def _sinus(seed: int, programme: Programme, start: float, end: float) -> Floats:
    """Return where the phase passes whole numbers, with a few milliseconds of jitter."""
    grid = np.arange(start - 1, end + 1, PHASE_STEP)
    phase = _phase(seed, programme.sinus_rate / 60, grid)
    counts = np.arange(np.ceil(phase[0]), np.floor(phase[-1]) + 1)
    times = np.interp(counts, phase, grid)
    jitter = np.random.default_rng([seed, 3]).normal(0, 0.004, 4096)
    inside = (times >= start) & (times < end)
    jittered: Floats = (times + jitter[counts.astype(np.int64) % 4096])[inside]
    return jittered


def _phase(seed: int, rate: float, times: Floats) -> Floats:
    """Integrate the heart rate: breathing, the 0.1 Hz wave, and slower tides of the day."""
    turns = np.random.default_rng([seed, 4]).uniform(0, 2 * np.pi, 5)
    periods = np.array([4.0, 10.3, 47.0, 311.0, 1870.0])
    depths = np.array([0.03, 0.018, 0.015, 0.03, 0.05])
    phase = times.copy()
    for turn, period, depth in zip(turns, periods, depths, strict=True):
        speed = 2 * np.pi / period
        phase += depth / speed * np.sin(speed * times + turn)
    return rate * phase


def _with_ectopy(
    times: Floats, programme: Programme, random: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """Let some beats come early; a ventricular one is followed by a full compensatory pause."""
    kinds = np.full(len(times), NORMAL)
    if len(times) < 4:
        return times, kinds
    early = random.random(len(times)) < programme.ectopy
    early[[0, -2, -1]] = False
    early[1:] &= ~early[:-1]
    atrial = random.random(len(times)) < 0.6
    kinds[early] = np.where(atrial, ATRIAL, VENTRICULAR)[early]
    before = np.diff(times, prepend=times[0] - 1)
    shift = np.where(early, before * random.uniform(0.28, 0.42, len(times)), 0.0)
    # an atrial beat resets the sinus node: what follows comes earlier as well
    reset = np.where(early & atrial, 0.5 * shift, 0.0)
    return times - shift - np.roll(reset, 1), kinds


def _fibrillating(programme: Programme, start: float, random: np.random.Generator) -> Floats:
    """Draw RR intervals without memory: a gamma distribution above the refractory time."""
    mean = 60 / programme.fibrillating_rate - REFRACTORY - 0.02
    count = int(STRETCH / (mean + REFRACTORY)) + 60
    intervals = REFRACTORY + 0.02 + random.gamma(3.2, mean / 3.2, count)
    times: Floats = start + np.cumsum(intervals)
    return times
