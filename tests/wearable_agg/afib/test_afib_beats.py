from __future__ import annotations

import numpy as np
import pytest
from made_ecg import BEGIN, chunks, ecg, follow, irregular, regular
from numpy.typing import NDArray

from wearable_agg.afib.types import Chunk


def found(pieces: list[Chunk]) -> NDArray[np.float64]:
    return np.array([time for _, time in follow(pieces).beats]) - BEGIN


def assert_same_beats(beats: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Compare from the third second on, when the levels are learnt, to the last second."""
    end = expected[-1] - 1.5
    beats = beats[(beats > 2.5) & (beats < end)]
    assert beats == pytest.approx(expected[(expected > 2.5) & (expected < end)], abs=0.015)


@pytest.mark.parametrize("rate", [100.0, 130.07, 250.0, 360.0, 512.617, 1000.0])
def test_r_peaks_are_found_at_any_rate(rate: float) -> None:
    beats = irregular(60.0)
    assert_same_beats(found(chunks(ecg(beats, 60.0, rate), rate)), beats)


@pytest.mark.parametrize("interval", [0.3, 0.5, 1.2, 2.0])
def test_slow_and_fast_rhythms_are_followed(interval: float) -> None:
    beats = regular(60.0, interval)
    signal = ecg(beats, 60.0, t_wave=0.0 if interval < 0.5 else 0.25)
    assert_same_beats(found(chunks(signal)), beats)


def test_a_tall_t_wave_is_no_beat() -> None:
    beats = regular(60.0)
    assert_same_beats(found(chunks(ecg(beats, 60.0, t_wave=0.9))), beats)


def test_an_inverted_lead_gives_the_same_beats() -> None:
    beats = irregular(60.0)
    assert_same_beats(found(chunks(-ecg(beats, 60.0))), beats)


def test_an_electrode_offset_does_not_matter() -> None:
    beats = regular(30.0)
    assert_same_beats(found(chunks(ecg(beats, 30.0) + np.float32(250.0))), beats)


def test_a_small_beat_among_large_ones_is_found_by_search_back() -> None:
    beats = regular(60.0)
    small = 40
    signal = ecg(np.delete(beats, small), 60.0) + 0.22 * ecg(beats[small : small + 1], 60.0)
    assert_same_beats(found(chunks(signal.astype(np.float32))), beats)


def test_an_artefact_deafens_for_no_more_than_ten_seconds() -> None:
    beats = regular(60.0)
    signal = ecg(beats, 60.0)
    signal[5000:5010] += 50.0
    heard = found(chunks(signal))
    after = beats[(beats > 30.0) & (beats < 58.0)]
    assert heard[(heard > 30.0) & (heard < 58.0)] == pytest.approx(after, abs=0.015)


def test_values_that_are_no_numbers_are_bridged() -> None:
    beats = regular(30.0)
    signal = ecg(beats, 30.0)
    signal[2600:2605] = np.nan
    signal[2700] = np.inf
    assert_same_beats(found(chunks(signal)), beats)
