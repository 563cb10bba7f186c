"""Spot recordings as rows: each as it is, and seen otherwise in ways that leave its kind alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.rhythm import data
from wearable_agg.afib.spot import features_of, looks_of

DISTURBED = 3
"""How often each recording is learned from cut at random, stretched and with noise."""

_SEED = 100
_KEPT = (0.75, 1.0)
_SPEED = (0.95, 1.05)
_DECIBELS = (12.0, 30.0)
_LEAST_DISTURBED = 9.0

Signal = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpotRows:
    """`looks` are those of the product, the whole recording first: a row of `spot.NAMES` for each.

    `disturbed` are the same recordings in the same order, spoilt, for training alone; `kinds` is
    the place in SPOT_KINDS.
    """

    looks: tuple[NDArray[np.float64], ...]
    disturbed: tuple[NDArray[np.float64], ...]
    kinds: NDArray[np.int64]


def spot_rows() -> SpotRows:
    """Return every spot recording."""
    recordings = list(data.spot_recordings())
    rates = [rate for _, rate, _ in recordings]
    looks = zip(*(looks_of(signal, rate) for signal, rate, _ in recordings), strict=True)
    spoilt = [list(_disturbed(turn)) for turn in range(DISTURBED)]
    return SpotRows(
        looks=tuple(_features(look, rates) for look in looks),
        disturbed=tuple(_features(signals, rates) for signals in spoilt),
        kinds=np.array([kind for _, _, kind in recordings]),
    )


def _features(signals: Sequence[Signal], rates: list[float]) -> NDArray[np.float64]:
    return np.array(
        [features_of(signal, rate)[0] for signal, rate in zip(signals, rates, strict=True)]
    )


def _disturbed(turn: int) -> Iterator[Signal]:
    """Yield each recording cut at random, up to a twentieth faster or slower, and with noise."""
    random = np.random.default_rng(_SEED + turn)
    sounds: dict[str, NDArray[np.float64]] = {}
    for signal, rate, _ in data.spot_recordings():
        sounds = sounds or {kind: data.noise(kind, rate, 0) for kind in ("em", "ma")}
        stretched = _stretched(_cut(signal, rate, random), random)
        sound = sounds["em" if random.random() < 0.5 else "ma"]
        at = int(random.integers(len(sound) - len(stretched)))
        decibels = random.uniform(*_DECIBELS)
        yield _with_noise(stretched, sound[at : at + len(stretched)], rate, decibels)


def _cut(signal: Signal, rate: float, random: np.random.Generator) -> Signal:
    wanted = int(len(signal) * random.uniform(*_KEPT))
    length = max(wanted, min(len(signal), int(_LEAST_DISTURBED * rate)))
    at = int(random.integers(len(signal) - length + 1))
    return signal[at : at + length]


def _stretched(signal: Signal, random: np.random.Generator) -> NDArray[np.float64]:
    speed = random.uniform(*_SPEED)
    places = np.arange(int(len(signal) / speed)) * speed
    made: NDArray[np.float64] = np.interp(places, np.arange(len(signal)), signal)
    return made


def _with_noise(
    signal: NDArray[np.float64], sound: NDArray[np.float64], rate: float, decibels: float
) -> Signal:
    """Add noise by its whole power, as `data.noisy` does."""
    second = int(rate)
    whole = signal[: len(signal) // second * second].reshape(-1, second)
    power = np.median(np.ptp(whole, axis=1)) ** 2 / 8.0
    scale = np.sqrt(power / 10.0 ** (decibels / 10.0) / sound.var())
    return (signal + scale * sound).astype(np.float32)
