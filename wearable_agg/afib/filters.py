"""Digital filters in closed form, so that no design library is needed while streaming."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled

SECTIONS = 2
"""Second-order sections of the band-pass."""

_POLE = complex(-math.sqrt(0.5), math.sqrt(0.5))


@compiled
def design_band_pass(low: float, high: float, rate: float, sections: NDArray[np.float64]) -> None:
    """Write the 4th-order Butterworth band-pass `low` to `high` Hz at `rate` Hz.

    Bilinear transform of the 2nd-order low-pass prototype with both edges pre-warped. Each row of
    `sections` becomes gain, a1, a2 of gain * (1 - z^-2) / (1 + a1 z^-1 + a2 z^-2): both zeros of a
    section stand at 0 Hz and at half the rate.
    """
    twice = 2.0 * rate
    lower = twice * math.tan(math.pi * low / rate)
    upper = twice * math.tan(math.pi * high / rate)
    width = upper - lower
    half = _POLE * width / 2.0
    root = np.sqrt(half * half - lower * upper)
    for i in range(SECTIONS):
        pole = half + root if i == 0 else half - root
        digital = (twice + pole) / (twice - pole)
        sections[i, 0] = width * twice / abs(twice - pole) ** 2
        sections[i, 1] = -2.0 * digital.real
        sections[i, 2] = abs(digital) ** 2


@compiled
def group_delay(sections: NDArray[np.float64], frequency: float, rate: float) -> float:
    """Return the delay in samples of the filter `sections` at `frequency` Hz."""
    step = 1e-3
    centre = 2.0 * math.pi * frequency / rate
    turn = 0.0
    for i in range(SECTIONS):
        below = _response(sections[i], centre * (1.0 - step))
        above = _response(sections[i], centre * (1.0 + step))
        turn += np.angle(above * np.conj(below))
    return -turn / (2.0 * step * centre)


@compiled
def _response(section: NDArray[np.float64], angle: float) -> complex:
    delay = complex(math.cos(angle), -math.sin(angle))
    return complex(
        section[0] * (1.0 - delay * delay) / (1.0 + section[1] * delay + section[2] * delay * delay)
    )


@compiled
def design_low_pass(high: float, rate: float, section: NDArray[np.float64]) -> None:
    """Write the 2nd-order Butterworth low-pass `high` Hz at `rate` Hz, pre-warped.

    `section` becomes gain, a1, a2 of gain * (1 + z^-1)^2 / (1 + a1 z^-1 + a2 z^-2).
    """
    edge = math.tan(math.pi * high / rate)
    below = 1.0 + math.sqrt(2.0) * edge + edge * edge
    section[0] = edge * edge / below
    section[1] = 2.0 * (edge * edge - 1.0) / below
    section[2] = (1.0 - math.sqrt(2.0) * edge + edge * edge) / below
