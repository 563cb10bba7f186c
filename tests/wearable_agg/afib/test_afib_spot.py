from __future__ import annotations

import numpy as np
import pytest
from made_ecg import ecg, irregular, regular

from wearable_agg.afib.spot import (
    KINDS,
    LOOK_WEIGHTS,
    NAMES,
    classify,
    features_of,
    looks_of,
    probabilities,
)
from wearable_agg.afib.spot_whole import WHOLE, whole_features
from wearable_agg.afib.trees import stored


def test_irregular_beats_without_p_waves_are_called_fibrillation() -> None:
    spot = classify(ecg(irregular(30.0), 30.0, 300.0), 300.0)
    assert spot.kind == "A"
    assert sum(spot.probabilities.values()) == pytest.approx(1.0)
    assert spot.evidence.mode_share < 0.5


def test_a_steady_rhythm_is_not() -> None:
    spot = classify(ecg(regular(30.0), 30.0, 300.0), 300.0)
    assert spot.probabilities["A"] < 0.2
    assert spot.evidence.mode_share > 0.9


def test_noise_is_called_noise() -> None:
    noise = np.random.default_rng(2).standard_normal(9000).astype(np.float32)
    assert classify(noise, 300.0).kind == "~"


def test_silence_is_called_noise() -> None:
    spot = classify(np.zeros(9000, np.float32), 300.0)
    assert (spot.kind, spot.beats, spot.probabilities["~"]) == ("~", 0, 1.0)


def test_a_recording_upside_down_has_the_same_shape() -> None:
    signal = ecg(regular(20.0), 20.0, 300.0)
    shapes = [i for i, name in enumerate(NAMES) if name.startswith("qrs_")]
    upright, turned = features_of(signal, 300.0)[0], features_of(-signal, 300.0)[0]
    assert upright[shapes] == pytest.approx(turned[shapes], abs=0.02)


def test_a_whole_recording_gives_the_numbers_that_are_named() -> None:
    beats = regular(30.0)
    signal = ecg(beats, 30.0, 300.0).astype(np.float64)
    assert tuple(whole_features(signal, 300.0, beats)) == WHOLE
    assert whole_features(signal, 300.0, beats[:2]) == {}
    assert len(set(NAMES)) == len(NAMES)


def test_an_early_beat_and_its_pause_are_seen_and_a_steady_rhythm_has_none() -> None:
    steady = regular(30.0)
    early = steady.copy()
    early[15] -= 0.3
    made = [
        whole_features(ecg(b, 30.0, 300.0).astype(np.float64), 300.0, b) for b in (steady, early)
    ]
    assert [found["early_beats"] for found in made] == [0.0, 1.0]
    assert made[0]["paused_0"] == pytest.approx(0.0, abs=0.01)
    assert made[1]["earliest_0"] == pytest.approx(1.0 - 0.3 / 0.8, abs=0.02)
    assert made[1]["latest_0"] == pytest.approx(1.0 + 0.3 / 0.8, abs=0.02)
    assert made[1]["paused_sum"] == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize(("seconds", "part"), [(6, 6), (10, 8), (30, 18)])
def test_a_recording_is_looked_at_whole_and_from_either_end(seconds: int, part: int) -> None:
    signal = np.arange(seconds * 100, dtype=np.float32)
    whole, first, last = looks_of(signal, 100.0)
    assert np.array_equal(whole, signal)
    assert (first[0], first[-1]) == (0, part * 100 - 1)
    assert (last[0], last[-1]) == ((seconds - part) * 100, seconds * 100 - 1)


def test_what_one_part_shows_counts_as_much_as_its_look() -> None:
    turning = np.concatenate([regular(15.0), 15.0 + irregular(15.0)])
    signal = ecg(turning, 30.0, 300.0)
    each = [
        probabilities(stored("spot"), features_of(s, 300.0)[0]) for s in looks_of(signal, 300.0)
    ]
    assert each[1] != pytest.approx(each[2], abs=0.1)
    mean = sum(weight * chances for weight, chances in zip(LOOK_WEIGHTS, each, strict=True))
    assert list(classify(signal, 300.0).probabilities.values()) == pytest.approx(mean)
    assert sum(LOOK_WEIGHTS) == 1.0


@pytest.mark.parametrize("rate", [125.0, 250.0, 512.617, 1000.0])
def test_any_rate_gives_the_same_kind(rate: float) -> None:
    assert classify(ecg(irregular(30.0, seed=3), 30.0, rate), rate).kind == "A"


def test_values_that_are_no_numbers_are_survived() -> None:
    signal = ecg(regular(15.0), 15.0, 300.0)
    signal[100:200] = np.nan
    signal[900] = np.inf
    assert classify(signal, 300.0).kind in KINDS


@pytest.mark.parametrize(("seconds", "rate"), [(4.0, 300.0), (130.0, 300.0), (30.0, 50.0)])
def test_what_is_no_spot_recording_is_refused(seconds: float, rate: float) -> None:
    with pytest.raises(ValueError, match=r"recording|Hz"):
        classify(np.zeros(int(seconds * rate), np.float32), rate)
