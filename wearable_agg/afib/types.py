"""What goes into the rhythm analysis and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

DECIDER = "wristchart-rhythm"
"""Name of what decides, written beside every episode it finds."""

DECIDER_VERSION = "3"
"""Changes whenever the same ECG could give other episodes than before."""

LOWEST_RATE, HIGHEST_RATE = 100.0, 1000.0
"""Sampling rates that the analysis takes, in Hz."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of single-lead ECG of one stream, in the order the device numbered it.

    `start` is the UTC epoch second of the first sample, `rate` the true sampling rate in Hz
    (100 to 1000), `samples` are millivolts. `gap_before` says that the device lost samples
    between the previous chunk and this one. Raises ValueError for a rate outside that range or a
    start that is no number.
    """

    stream: str
    start: float
    rate: float
    samples: NDArray[np.float32]
    sequence: int
    gap_before: bool

    def __post_init__(self) -> None:
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise ValueError(f"{self.rate} Hz: {LOWEST_RATE} to {HIGHEST_RATE} Hz can be analysed")
        if not math.isfinite(self.start):
            raise ValueError(f"chunk {self.sequence} starts at {self.start}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers that explain a decision; None where the stream cannot give one.

    `mode_share`: largest share of RR intervals within 4 % of one of them; AF has few alike.
    `cosen`: coefficient of sample entropy (Lake and Moorman 2011); AF is above -1.4.
    `other_share`: beats whose shape is not the dominant one, which are left out of the RR above.
    `atrial_consistency`: share, 0 to 1, of what precedes the QRS that repeats from beat to beat;
    P waves give much, AF little. `likeness`: median correlation of the QRS with the dominant one;
    noise lowers it. `entropy`: Zhou 2015 over the last 127 words, AF above 0.639.
    """

    mode_share: float
    cosen: float
    other_share: float
    atrial_consistency: float | None
    likeness: float | None
    entropy: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at `time` about the last half minute of a stream.

    `probability` is that of atrial fibrillation, None where the signal was not `analysable`;
    `fibrillating` is how the rhythm stands after hysteresis.
    """

    stream: str
    time: float
    analysable: bool
    probability: float | None
    fibrillating: bool
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class EpisodeStarted:
    """Atrial fibrillation has lasted for the minimum duration.

    `onset` is the estimated beginning, `detected_at` the moment of signal at which the decision
    fell; both UTC epoch seconds. `mean_rate` and `max_rate` are ventricular, per minute.
    `coverage` is the share of the time since onset held by usable RR intervals. `probability` is
    that of the latest decision, None of beats alone, and `evidence` what the decision rests on.
    """

    stream: str
    onset: float
    detected_at: float
    mean_rate: float
    max_rate: float
    coverage: float
    probability: float | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class EpisodeContinued:
    """The episode with this `onset` was still going on at `until`."""

    stream: str
    onset: float
    until: float
    mean_rate: float
    max_rate: float
    coverage: float


@dataclass(frozen=True, slots=True)
class EpisodeEnded:
    """The episode with this `onset` ended at `end`, estimated as the onset is."""

    stream: str
    onset: float
    end: float
    mean_rate: float
    max_rate: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Analysed:
    """How much of the time from `start` to `end` was recorded, analysable, and fibrillation.

    `af_seconds` follows the decision as it stood at the time, so the stretch before
    `detected_at` that an onset reaches back over is not in it.
    """

    stream: str
    start: float
    end: float
    recorded_seconds: float
    analysable_seconds: float
    af_seconds: float


Event: TypeAlias = EpisodeStarted | EpisodeContinued | EpisodeEnded | Analysed
