"""What the training room adds to the records, and how it makes a model's probability honest."""

from __future__ import annotations

import numpy as np
import pytest

from bench.rhythm.calibration import beta, shown, slope
from bench.rhythm.data import Labelled, Waveform, noisy_by_nst

RATE = 250.0


def certain(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and truths that fit them."""
    random = np.random.default_rng(seed)
    chances = random.uniform(0.02, 0.98, count)
    return chances, (random.uniform(size=count) < chances).astype(np.int64)


@pytest.mark.parametrize("fit", [beta, slope])
def test_a_model_that_is_too_sure_is_shown_as_sure_as_it_may_be(fit) -> None:
    honest, truth = certain(40_000, 1)
    odds = (honest / (1.0 - honest)) ** 2
    assert shown(fit(odds / (1.0 + odds), truth), odds / (1.0 + odds)) == pytest.approx(
        honest, abs=0.03
    )


def test_only_beta_moves_a_probability_that_is_off_to_one_side() -> None:
    honest, truth = certain(40_000, 2)
    odds = 4.0 * honest / (1.0 - honest)
    high = odds / (1.0 + odds)
    assert shown(beta(high, truth), high) == pytest.approx(honest, abs=0.03)
    assert shown(slope(high, truth), np.array([0.5])) == pytest.approx([0.5], abs=0.01)


@pytest.mark.parametrize("decibels", [6.0, 0.0])
def test_noise_is_as_loud_as_nst_makes_it_and_jerks_do_not_count(decibels: float) -> None:
    beats = np.arange(0.5, 59.0, 1.0)
    signal = np.zeros(int(60 * RATE), np.float32)
    signal[(beats * RATE).astype(int)] = 2.0
    label = Labelled("made", "made", "made", 60.0, (), ())
    sound = np.random.default_rng(3).standard_normal(len(signal))
    sound[1000:1250] *= 100.0
    spoilt = noisy_by_nst(Waveform(label, RATE, signal), beats, sound, decibels, 0)
    quiet = np.r_[0:1000, 1250 : len(signal)]
    added = (spoilt.signal - signal)[quiet].std()
    assert added == pytest.approx(2.0 / np.sqrt(8.0) / 10 ** (decibels / 20.0), rel=0.03)
