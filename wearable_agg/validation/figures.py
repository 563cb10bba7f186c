"""Counts as the figures that are published: percentages, rates and latencies."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from wearable_agg.validation.ec57 import Beats, Episodes
from wearable_agg.validation.scoring import ALARMS, Tally
from wearable_agg.validation.windows import Windows

Figure: TypeAlias = float | None

_DAY = 86400.0


def percent(part: float, whole: float) -> Figure:
    """Return `part` in percent of `whole`, None where there is no whole."""
    return round(100.0 * part / whole, 2) if whole > 0 else None


def figures(tally: Tally) -> dict[str, Any]:
    """Return the figures of a tally; None stands for what its records cannot give."""
    episodes, every = tally.episodes or Episodes(), tally.all_episodes or Episodes()
    recorded = tally.recorded_seconds
    return {
        "beats": _beats(tally.beats or Beats()),
        "episode": {
            "se": percent(episodes.found, episodes.found + episodes.missed),
            "ppv": percent(episodes.right, episodes.right + episodes.false),
        },
        "duration": {
            "se": percent(every.overlap, every.reference),
            "ppv": percent(every.overlap, every.test),
        },
        "window": _windows(tally.windows or Windows()),
        "false_per_patient_day": {str(at): _per_day(tally, at) for at in ALARMS},
        "latency_s": {
            "median": _quantile(tally.latencies, 0.5),
            "p90": _quantile(tally.latencies, 0.9),
        },
        "not_analysable_pct": percent(recorded - tally.analysable_seconds, recorded),
    }


def _beats(beats: Beats) -> dict[str, Figure]:
    missed, false = beats.missed, beats.false
    return {
        "se": percent(beats.found, beats.found + missed),
        "ppv": percent(beats.found, beats.found + false),
        "f1": percent(2 * beats.found, 2 * beats.found + missed + false),
    }


def _windows(windows: Windows) -> dict[str, Figure]:
    negative = windows.true_negative + windows.flutter_negative
    positive = windows.false_positive + windows.flutter_positive
    return {
        "se": percent(windows.true_positive, windows.true_positive + windows.false_negative),
        "sp": percent(windows.true_negative, windows.true_negative + windows.false_positive),
        "sp_flutter_as_non_af": percent(negative, negative + positive),
    }


def _per_day(tally: Tally, alarm: int) -> Figure:
    if tally.watched_seconds <= 0:
        return None
    return round(tally.false_alarms[alarm] * _DAY / tally.watched_seconds, 4)


def _quantile(values: tuple[float, ...], at: float) -> Figure:
    return round(float(np.quantile(values, at)), 1) if values else None
