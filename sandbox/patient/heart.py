"""The ECG of a simulated heart, lead I, in millivolts.

Each beat is a sum of Gaussian waves around its R peak, the closed form of the dynamic model of
McSharry and others (IEEE Trans Biomed Eng 2003;50:289) with its usual waves P, Q, R, S, T; the T
wave stretches with the square root of the RR interval before it. Fibrillating atria give a
sawtooth of 4-9 Hz whose frequency and size wander (Stridh and Sornmo 2001) instead of P waves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.patient.rhythm import (
    ATRIAL,
    FIBRILLATING,
    VENTRICULAR,
    Beats,
    Floats,
    Programme,
    beats,
    respiration,
)

# position (s from R), width (s), height (mV); the T wave is two Gaussians, steeper behind
P = ((-0.165, 0.022, 0.11),)
ATRIAL_P = ((-0.140, 0.018, -0.06),)
QRS = ((-0.026, 0.009, -0.09), (0.0, 0.0105, 1.05), (0.027, 0.010, -0.22))
WIDE = ((-0.045, 0.020, -0.15), (0.0, 0.034, 1.35), (0.075, 0.030, -0.45))
T = ((0.245, 0.050, 0.16), (0.290, 0.032, 0.16))
WIDE_T = ((0.300, 0.060, -0.40),)

FIBRILLATORY_HERTZ = 6.2
HARMONICS = 4
MAINS_HERTZ = 50.0
MUSCLE = 0.014


@dataclass(frozen=True, slots=True)
class Heart:
    """A heart and the electrodes on its chest; `seed` makes it this patient's."""

    seed: int
    programme: Programme

    def millivolts(self, first: int, count: int, rate: float) -> Floats:
        """Return `count` samples at `rate` Hz; sample number 0 is when the patch was put on."""
        times = np.arange(first, first + count) / rate
        rhythm = beats(self.seed, self.programme, times[0] - 3, times[-1] + 3)
        breath = respiration(self.seed, times)
        signal = (1 + 0.06 * breath) * _beating(rhythm, times)
        signal += self._atria(times)
        signal += 0.05 * breath + self._noise(times, first)
        return signal

    def _atria(self, times: Floats) -> Floats:
        fibrillating = self.programme.fibrillates(times)
        if not fibrillating.any():
            return np.zeros_like(times)
        turns = np.random.default_rng([self.seed, 5]).uniform(0, 2 * np.pi, 4)
        wander = 3.0 * np.sin(2 * np.pi * 0.09 * times + turns[0])
        wander += 1.2 * np.sin(2 * np.pi * 0.31 * times + turns[1])
        phase = 2 * np.pi * FIBRILLATORY_HERTZ * times + wander
        size = 0.055 * (1 + 0.35 * np.sin(2 * np.pi * 0.13 * times + turns[2]))
        waves = sum(np.sin(n * phase) / n for n in range(1, HARMONICS + 1))
        return np.where(fibrillating, size * waves, 0.0)

    def _noise(self, times: Floats, first: int) -> Floats:
        random = np.random.default_rng([self.seed, 6, first])
        turns = np.random.default_rng([self.seed, 7]).uniform(0, 2 * np.pi, 3)
        wander = 0.08 * np.sin(2 * np.pi * 0.037 * times + turns[0])
        wander += 0.05 * np.sin(2 * np.pi * 0.09 * times + turns[1])
        mains = 0.006 * np.sin(2 * np.pi * MAINS_HERTZ * times + turns[2])
        noise: Floats = wander + mains + random.normal(0, MUSCLE, len(times))
        return noise


def _beating(rhythm: Beats, times: Floats) -> Floats:
    """Sum each beat's waves over the samples near it."""
    signal = np.zeros_like(times)
    ventricular = rhythm.kinds == VENTRICULAR
    scale = np.sqrt(np.clip(rhythm.intervals, 0.4, 1.2))
    _add(signal, times, rhythm.times[~ventricular], QRS)
    _add(signal, times, rhythm.times[ventricular], WIDE)
    _add(signal, times, rhythm.times[~ventricular], T, scale[~ventricular])
    _add(signal, times, rhythm.times[ventricular], WIDE_T, scale[ventricular])
    conducted = ~ventricular & (rhythm.kinds != ATRIAL) & (rhythm.kinds != FIBRILLATING)
    _add(signal, times, rhythm.times[conducted], P)
    _add(signal, times, rhythm.times[rhythm.kinds == ATRIAL], ATRIAL_P)
    return signal


def _add(
    signal: Floats,
    times: Floats,
    peaks: Floats,
    waves: tuple[tuple[float, float, float], ...],
    scale: Floats | None = None,
) -> None:
    """Add one set of waves at each peak, touching only the samples within four widths."""
    step = times[1] - times[0]
    for position, width, height in waves:
        stretch = np.ones_like(peaks) if scale is None else scale
        centres = peaks + position * stretch
        reach = int(np.ceil(4 * width * stretch.max(initial=1.0) / step))
        middle = np.round((centres - times[0]) / step).astype(np.int64)
        index = middle[:, None] + np.arange(-reach, reach + 1)
        distance = times[0] + index * step - centres[:, None]
        values = height * np.exp(-0.5 * (distance / (width * stretch[:, None])) ** 2)
        inside: NDArray[np.bool_] = (index >= 0) & (index < len(times))
        np.add.at(signal, index[inside], values[inside])
