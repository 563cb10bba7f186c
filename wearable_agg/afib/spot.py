"""Spot recordings of 9 to 60 s: normal, atrial fibrillation, another rhythm, or too noisy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib import kernel
from wearable_agg.afib.events import PER_BLOCK, Output, new_output
from wearable_agg.afib.rules import configured
from wearable_agg.afib.spot_features import SPOT
from wearable_agg.afib.spot_whole import WHOLE, whole_features
from wearable_agg.afib.state import PENDING, extended, new_shard
from wearable_agg.afib.trees import Trees, add_up, for_ecg, stored
from wearable_agg.afib.types import HIGHEST_RATE, LOWEST_RATE, Evidence

Kind = Literal["N", "A", "O", "~"]
KINDS: tuple[Kind, ...] = ("N", "A", "O", "~")
"""Sinus rhythm, atrial fibrillation, another rhythm, too noisy: the classes of CinC 2017."""

SHORTEST, LONGEST = 5.0, 120.0
"""Seconds that a recording may last."""

LOOK_WEIGHTS = (0.5, 0.25, 0.25)
"""What the looks of `looks_of` count in the probabilities."""

_FEWEST_BEATS = 5
_CUT, _CUT_LEAST = 0.6, 8.0
_TAIL = 2.0
_EDGE = 0.02

SIGNAL = (
    "seconds",
    "unfit_share",
    *(f"range_{share}" for share in (10, 50, 90)),
    "range_spread",
    "fast_share_of_power",
    "qrs_share_of_power",
    "drift",
    "kurtosis",
    "skewness",
)
NAMES = (*SPOT, *SIGNAL, *WHOLE)
"""What the model is told, in the order of `features_of`."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What a recording shows: the likeliest kind, how likely each is, and the numbers behind it.

    `beats` is how many intervals were measured; with fewer than five the kind is "~".
    """

    kind: Kind
    probabilities: Mapping[Kind, float]
    beats: int
    evidence: Evidence


def classify(samples_mv: NDArray[np.float32], rate: float) -> Spot:
    """Classify a single-lead recording in millivolts at `rate` Hz.

    Raises ValueError for a rate outside 100 to 1000 Hz or a length outside 5 to 120 s.
    """
    whole, *parts = looks_of(samples_mv, rate)
    features, beats = features_of(whole, rate)
    evidence = _evidence(features)
    if beats < _FEWEST_BEATS:
        return Spot("~", {"N": 0.0, "A": 0.0, "O": 0.0, "~": 1.0}, beats, evidence)
    looks = [features, *(features_of(part, rate)[0] for part in parts)]
    chances = np.zeros(len(KINDS))
    for look, weight in zip(looks, LOOK_WEIGHTS, strict=True):
        chances += weight * probabilities(stored("spot"), look)
    kind = KINDS[int(np.argmax(chances))]
    return Spot(kind, dict(zip(KINDS, chances.tolist(), strict=True)), beats, evidence)


def looks_of(samples_mv: NDArray[np.float32], rate: float) -> list[NDArray[np.float32]]:
    """Return a recording, its first and its last three fifths, these of 8 s where it has them.

    What it shows only somewhere, or noise at either end, weighs otherwise in a part.
    """
    length = max(int(_CUT * len(samples_mv)), min(len(samples_mv), int(_CUT_LEAST * rate)))
    return [samples_mv, samples_mv[:length], samples_mv[len(samples_mv) - length :]]


def features_of(samples_mv: NDArray[np.float32], rate: float) -> tuple[NDArray[np.float64], int]:
    """Return NAMES of a recording and how many intervals it has. Raises ValueError."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"{rate} Hz: {LOWEST_RATE} to {HIGHEST_RATE} Hz can be analysed")
    if not SHORTEST <= len(samples_mv) / rate <= LONGEST:
        raise ValueError(f"a recording of {len(samples_mv) / rate:.1f} s")
    samples = np.nan_to_num(samples_mv.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    longer = np.pad(samples, (0, round(_TAIL * rate)), mode="edge")
    blocks = 2 * int(len(longer) / LOWEST_RATE + 2)
    out = new_output(PER_BLOCK * blocks, PENDING * blocks, blocks, 0)
    features = np.zeros(len(NAMES))
    rows = extended(new_shard(), [""]).rows
    beats = kernel.look_twice(
        rows, longer, rate, out, configured(), for_ecg(), features[: len(SPOT)]
    )
    exact = samples.astype(np.float64)
    whole = whole_features(exact, rate, _peaks(out, len(samples) / rate))
    rest = (len(SPOT), len(SPOT) + len(SIGNAL))
    features[rest[0] : rest[1]] = _signal_features(exact, rate)
    features[rest[1] :] = [whole.get(name, 0.0) for name in WHOLE]
    return np.nan_to_num(features, posinf=0.0, neginf=0.0), int(beats)


def _peaks(out: Output, seconds: float) -> NDArray[np.float64]:
    """Return the R peaks that were found at the second look, in seconds from the start."""
    times = out.beats[: out.counts[1], 1]
    begun_again = np.flatnonzero(np.diff(times) < 0.0)
    times = times[begun_again[-1] + 1 :] if len(begun_again) else times
    return times[(times > _EDGE) & (times < seconds - _EDGE)]


def probabilities(trees: Trees, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each of KINDS is."""
    sums = np.zeros(len(trees.bias))
    add_up(trees, features, sums)
    chances = np.exp(sums - sums.max())
    return cast("NDArray[np.float64]", chances / chances.sum())


def _signal_features(samples: NDArray[np.float64], rate: float) -> list[float]:
    second = int(rate)
    blocks = samples[: len(samples) // second * second].reshape(-1, second)
    ranges = np.ptp(blocks, axis=1)
    low, middle, high = np.quantile(ranges, (0.1, 0.5, 0.9))
    power = np.abs(np.fft.rfft(samples - samples.mean())) ** 2
    at = np.fft.rfftfreq(len(samples), 1.0 / rate)
    total = power[(at > 0.3) & (at < 45.0)].sum() + 1e-12
    slopes = np.diff(samples)
    deviation = slopes.std() + 1e-9
    return [
        len(samples) / rate,
        float(np.mean(ranges < 0.05)),
        float(low),
        float(middle),
        float(high),
        float((high - low) / (middle + 1e-3)),
        float(power[(at > 20.0) & (at < 45.0)].sum() / total),
        float(power[(at > 5.0) & (at < 15.0)].sum() / total),
        float(power[(at > 0.3) & (at < 1.0)].sum() / total),
        float(np.mean((slopes / deviation) ** 4)),
        float(np.mean((slopes / deviation) ** 3)),
    ]


def _evidence(features: NDArray[np.float64]) -> Evidence:
    return Evidence(
        mode_share=float(features[NAMES.index("paired_mode_share_4")]),
        cosen=float(features[NAMES.index("paired_cosen")]),
        other_share=float(features[NAMES.index("other_share")]),
        atrial_consistency=float(features[NAMES.index("atrial_consistency")]),
        likeness=float(features[NAMES.index("likeness")]),
        entropy=None,
    )
