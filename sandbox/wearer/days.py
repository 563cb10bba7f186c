"""One person's one day: heart rate, steps, the night before, and the day's summary values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sandbox.wearer.people import WEARERS, Wearer
from sandbox.wearer.sleep import Night, make_night

SLOT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Day:
    """What was measured on one local day.

    `rates` and `steps` hold one value per ten minutes from `midnight` on, a rate of 0 standing for
    "not worn". Summary values (resting rate, RMSSD, SpO2) are None where the night was not worn;
    they are known from the end of the night on.
    """

    date: date
    midnight: datetime
    end: datetime
    rates: NDArray[np.int64]
    steps: NDArray[np.int64]
    night: Night | None
    resting_rate: int | None
    rmssd: float | None
    oxygen: float | None

    @property
    def worn(self) -> bool:
        """Tell whether the watch was worn at all."""
        return bool(self.rates.any())

    def slots_until(self, instant: datetime) -> int:
        """Return how many ten-minute slots were complete at `instant`."""
        return max(0, min(len(self.rates), int((instant - self.midnight) / SLOT)))


def midnight_of(wearer: Wearer, day: date) -> datetime:
    """Return the beginning of a local day as aware UTC."""
    return datetime.combine(day, time(), wearer.zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def day_of(wearer_id: str, day: date, today: date) -> Day:
    """Return one day of one person; the same arguments give the same day.

    `today` is the day from which the person's "days ago" are counted.
    """
    wearer = WEARERS[wearer_id]
    random = np.random.default_rng([wearer.seed, day.toordinal()])
    ago = (today - day).days
    start, end = midnight_of(wearer, day), midnight_of(wearer, day + timedelta(days=1))
    hours = np.arange(0, (end - start) / SLOT) / 6
    weekend = day.weekday() >= 5
    night = make_night(wearer, start, weekend, random)
    night_worn = random.random() > 0.06 and ago not in wearer.unworn
    steps = _steps(wearer, hours, weekend, random)
    level = _level(wearer, ago, random)
    rates = _rates(level, hours, steps, _asleep(wearer, night, hours), random)
    if ago in wearer.afib:
        rates = _with_afib(rates, random)
    worn = _worn(wearer, ago, hours, night_worn, random)
    night_worn = night_worn and bool(worn.any())
    return Day(
        date=day,
        midnight=start,
        end=end,
        rates=np.where(worn, np.clip(rates, 41, 186).round(), 0).astype(np.int64),
        steps=np.where(worn, steps, 0).astype(np.int64),
        night=night if night_worn else None,
        resting_rate=round(level + random.normal(0, 0.8)) if night_worn else None,
        rmssd=_rmssd(wearer, level, random) if night_worn else None,
        oxygen=round(min(100.0, random.normal(wearer.oxygen, 0.5)), 1) if night_worn else None,
    )


def _level(wearer: Wearer, ago: int, random: np.random.Generator) -> float:
    """Return the day's resting rate: the person's own, less what drugs take, slowly varying."""
    days, beats = zip(*wearer.slowing, strict=True)
    slowed = float(np.interp(ago, days, beats))
    season = 1.5 * np.sin(ago / 29)
    return float(wearer.resting_rate - slowed + season + random.normal(0, 1.2))


def _steps(
    wearer: Wearer, hours: NDArray[np.float64], weekend: bool, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return steps per slot: a day's total spread over waking hours in bursts."""
    factor = wearer.weekend_factor if weekend else 1.0
    total = random.gamma(9, wearer.daily_steps * factor / 9)
    awake = (hours > wearer.waking / 60) & (hours < wearer.bedtime / 60)
    shape = 0.35 + np.exp(-((hours - 12.5) ** 2) / 18) + 0.7 * np.exp(-((hours - 17.5) ** 2) / 3)
    share = awake * shape * random.exponential(1.0, hours.size) ** 1.6
    steps: NDArray[np.float64] = np.minimum(np.round(total * share / share.sum()), 1300)
    return steps.astype(np.int64)


def _asleep(wearer: Wearer, night: Night, hours: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which slots lie in the night that ends on this day, or after bedtime."""
    began = night.start.astimezone(wearer.zone)
    waking = (night.end - night.start).total_seconds() / 3600 + began.hour + began.minute / 60
    return (hours < waking % 24) | (hours > wearer.bedtime / 60 + 0.4)


def _rates(
    level: float,
    hours: NDArray[np.float64],
    steps: NDArray[np.int64],
    asleep: NDArray[np.bool_],
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Return a heart rate per slot: asleep near resting, by day higher, with steps higher still."""
    circadian = 9 + 5 * np.sin((hours - 9) / 24 * 2 * np.pi)
    dip = -1.5 * np.sin(np.clip(hours / 7, 0, 1) * np.pi)
    effort = 44 * np.sqrt(steps / 1000)
    lingering = 0.35 * np.concatenate(([0.0], effort[:-1]))
    noise = np.convolve(random.normal(0, 4.2, hours.size), (0.3, 0.5, 0.2), mode="same")
    return level + np.where(asleep, dip, circadian + effort + lingering) + noise


def _with_afib(rates: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Return the rates with one bout of fast, irregular rhythm."""
    length = int(np.clip(random.gamma(2.0, 5.0), 3, 40))
    begin = int(random.integers(30, rates.size - length))
    bout = rates.copy()
    bout[begin : begin + length] += random.normal(33, 13, length)
    return bout


def _worn(
    wearer: Wearer,
    ago: int,
    hours: NDArray[np.float64],
    night_worn: bool,
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """Return which slots were worn: not while charging, and not on the days left off."""
    charging = random.uniform(18.5, 21.5)
    worn = (hours < charging) | (hours > charging + random.uniform(0.4, 1.1))
    if not night_worn:
        worn &= hours > wearer.waking / 60 + 0.5
    if ago in wearer.taken_off:
        worn &= hours < 10
    if ago in wearer.unworn or (random.random() < 0.008 and ago > 2):
        worn &= False
    return worn


def _rmssd(wearer: Wearer, level: float, random: np.random.Generator) -> float:
    """Return the night's RMSSD, a little higher when the heart is slower."""
    slower = (wearer.resting_rate - level) * 0.35
    return round(float(np.clip(random.normal(wearer.rmssd + slower, 3.6), 8, 120)), 1)
