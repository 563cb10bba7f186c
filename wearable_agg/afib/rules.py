"""The constants of the analysis, read from `config/clinical/rhythm.toml`."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from config.clinical import load
from wearable_agg.afib.state import HISTORY


class Rules(NamedTuple):
    """Thresholds of every stage; units and sources stand beside the values in the file.

    A named tuple, because compiled code takes it as it is.
    """

    band_low: float
    band_high: float
    integration: float
    learning: float
    refractory: float
    t_wave_within: float
    t_wave_share: float
    threshold_share: float
    peak_weight: float
    search_back_after: float
    search_back_share: float
    search_back_weight: float
    smallest_qrs: float
    flat_range: float
    flat_seconds: float
    rail_seconds: float
    missing_share: float
    largest: float
    rr_shortest: float
    rr_longest: float
    window: int
    look_back: float
    decide_seconds: float
    fewest_beats: float
    fewest_beats_alone: float
    clear_likeness: float
    suspected: float
    noise: float
    noise_suspected: float
    smoothing: float
    leave_below: float
    enter_above: float
    smoothing_alone: float
    leave_below_alone: float
    enter_above_alone: float
    irregular_share: float
    minimum_duration: float
    gap_seconds: float
    lasting_gap: float
    report_seconds: float


@cache
def configured() -> Rules:
    """Return the rules of this installation. Raises ValueError where the window has no room."""
    values = {
        name: entry["value"] for topic in load("rhythm").values() for name, entry in topic.items()
    }
    window = int(values.pop("window"))
    if not 1 < window <= HISTORY - 2:
        raise ValueError(f"a window of {window} words: the state holds {HISTORY}")
    return Rules(window=window, **{name: float(value) for name, value in values.items()})
