"""The spot ECGs a person took with the watch: few, thirty seconds each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from sandbox.wearer.days import midnight_of
from sandbox.wearer.people import Wearer

SECONDS = 30
_WAVES = ((0.0, 1.0, 0.011), (-0.027, -0.11, 0.009), (0.028, -0.2, 0.01), (0.26, 0.23, 0.045))
_P_WAVE = (-0.16, 0.11, 0.022)


@dataclass(frozen=True, slots=True)
class SpotEcg:
    """One reading: when, the mean rate, and whether the rhythm was atrial fibrillation."""

    number: int
    time: datetime
    rate: int
    afib: bool

    def millivolts(self, hertz: int) -> NDArray[np.float64]:
        """Return the lead-I waveform: without P waves and with irregular RR in fibrillation."""
        random = np.random.default_rng(self.number)
        time = np.arange(0, SECONDS, 1 / hertz)
        volts = random.normal(0, 0.008, time.size) + 0.03 * np.sin(2 * np.pi * 0.22 * time)
        if self.afib:
            volts += 0.035 * np.sin(2 * np.pi * 6.1 * time + 0.8 * np.sin(2 * np.pi * 0.7 * time))
        waves = _WAVES if self.afib else (*_WAVES, _P_WAVE)
        for beat in self._beats(random):
            for offset, height, width in waves:
                volts += height * np.exp(-((time - beat - offset) ** 2) / (2 * width**2))
        return volts

    def _beats(self, random: np.random.Generator) -> list[float]:
        spread = 0.22 if self.afib else 0.025
        intervals = random.normal(1, spread, 4 * SECONDS).clip(0.6, 1.7) * 60 / self.rate
        return [float(beat) for beat in 0.3 + np.cumsum(intervals) if beat < SECONDS - 0.4]


def spot_ecgs(wearer: Wearer, today: date) -> list[SpotEcg]:
    """Return the person's readings, oldest first: one in sinus rhythm, one per second AF bout."""
    days = [(ago, True) for ago in sorted(wearer.afib, reverse=True)[::2]] + [(5, False)]
    return [
        SpotEcg(
            number=wearer.seed * 1000 + ago,
            time=midnight_of(wearer, today - timedelta(days=ago)) + timedelta(hours=15, minutes=12),
            rate=104 if afib else round(wearer.resting_rate),
            afib=afib,
        )
        for ago, afib in days
    ]
