"""What was found on a record against the truth about it, as counts that can be added up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearable_agg.validation.annotations import Reference
from wearable_agg.validation.ec57 import (
    LEARNING,
    Beats,
    Episodes,
    compare_beats,
    compare_episodes,
)
from wearable_agg.validation.spans import Span
from wearable_agg.validation.windows import Windows, compare_windows

ALARMS = (30, 120, 360)
"""Minimum durations in s for which alarms are counted."""

CHART_ALARM = 120
"""The alarm whose episodes are compared with reference episodes of at least its duration."""

SOONEST = 30
"""The alarm whose latency is given."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An episode that lasted for the minimum duration; `at` is when that was known."""

    onset: float
    end: float
    at: float


@dataclass(frozen=True, slots=True)
class Detected:
    """What the analysis said about a record; times are seconds from its start.

    `episodes` are those without a minimum duration, `alarms` those with each minimum of ALARMS.
    `beats` is None for a stream that carries beats and no waveform.
    """

    seconds: float
    beats: NDArray[np.float64] | None
    episodes: tuple[Span, ...]
    alarms: Mapping[int, tuple[Alarm, ...]]
    analysable: tuple[Span, ...]
    recorded_seconds: float
    analysable_seconds: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one record or of several; None where no record could give them.

    `all_episodes` knows no minimum duration, `episodes` compares those of CHART_ALARM. A record
    `on_beats` has no waveform and ran on its annotated beats, or could not run.
    """

    beats: Beats | None = None
    all_episodes: Episodes | None = None
    episodes: Episodes | None = None
    windows: Windows | None = None
    false_alarms: Mapping[int, int] = field(default_factory=dict)
    watched_seconds: float = 0.0
    latencies: tuple[float, ...] = ()
    recorded_seconds: float = 0.0
    analysable_seconds: float = 0.0
    on_beats: bool = False


def score(reference: Reference, detected: Detected) -> Tally:
    """Compare one record."""
    rhythm = {} if reference.fibrillation is None else _rhythm(reference, detected)
    beats = None
    if reference.beats is not None and detected.beats is not None:
        beats = compare_beats(reference.beats, detected.beats, reference.left_out)
    return Tally(
        beats=beats,
        recorded_seconds=detected.recorded_seconds,
        analysable_seconds=detected.analysable_seconds,
        **rhythm,
    )


def added(tallies: Sequence[Tally]) -> Tally:
    """Return the gross tally: every count summed over the records."""
    beats = [tally.beats for tally in tallies if tally.beats is not None]
    every = [tally.all_episodes for tally in tallies if tally.all_episodes is not None]
    alarmed = [tally.episodes for tally in tallies if tally.episodes is not None]
    windows = [tally.windows for tally in tallies if tally.windows is not None]
    return Tally(
        beats=sum(beats, Beats()) if beats else None,
        all_episodes=sum(every, Episodes()) if every else None,
        episodes=sum(alarmed, Episodes()) if alarmed else None,
        windows=sum(windows, Windows()) if windows else None,
        false_alarms={at: sum(t.false_alarms.get(at, 0) for t in tallies) for at in ALARMS},
        watched_seconds=sum(tally.watched_seconds for tally in tallies),
        latencies=tuple(latency for tally in tallies for latency in tally.latencies),
        recorded_seconds=sum(tally.recorded_seconds for tally in tallies),
        analysable_seconds=sum(tally.analysable_seconds for tally in tallies),
    )


def _rhythm(reference: Reference, detected: Detected) -> dict[str, Any]:
    truth = reference.fibrillation or ()
    excluded = (*reference.flutter, *reference.junctional)
    period = (LEARNING, max(detected.seconds, LEARNING))

    def against(test: Sequence[Span], shortest: float = 0.0) -> Episodes:
        return compare_episodes(truth, test, excluded, period, shortest)

    alarmed = {at: [(a.onset, a.end) for a in detected.alarms[at]] for at in ALARMS}
    return {
        "all_episodes": against(detected.episodes),
        "episodes": against(alarmed[CHART_ALARM], CHART_ALARM),
        "windows": compare_windows(
            reference, list(detected.episodes), list(detected.analysable), detected.seconds
        ),
        "false_alarms": {at: against(alarmed[at]).false for at in ALARMS},
        "watched_seconds": period[1] - period[0],
        "latencies": _latencies(truth, detected.alarms[SOONEST], period),
    }


def _latencies(truth: Sequence[Span], alarms: Sequence[Alarm], period: Span) -> tuple[float, ...]:
    """Return for each reference episode with an alarm the time from its onset to the first one."""
    found = []
    for start, end in truth:
        if start < period[0] or start >= period[1] or end - start < SOONEST:
            continue
        fitting = [a.at for a in alarms if a.onset < end and a.end > start and a.at >= start]
        found += [min(fitting) - start] if fitting else []
    return tuple(found)
