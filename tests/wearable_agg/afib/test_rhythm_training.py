"""What the training room adds to the records, and how it makes a model's probability honest."""

from __future__ import annotations

import numpy as np
import pytest
from made_ecg import ecg, irregular, regular

from bench.rhythm import data
from bench.rhythm.boosting import averaged
from bench.rhythm.calibration import beta, intervals, shown, slope
from bench.rhythm.data import Labelled, Waveform, noisy_by_nst
from bench.rhythm.spot_rows import spot_rows
from wearable_agg.afib.spot import NAMES, features_of
from wearable_agg.afib.trees import Trees, add_up

RATE = 250.0
BEATS_OF_KINDS = ((irregular(20.0), 1), (regular(20.0), 0))


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


def test_few_patients_who_differ_leave_a_tenth_in_the_dark() -> None:
    shown_of_all, truth = np.full(400, 0.55), np.tile([0, 1], 200)
    many = intervals(shown_of_all, truth, np.arange(400).astype(str))
    few = intervals(shown_of_all, truth, np.tile(["never", "always"], 200))
    assert many[5] == pytest.approx((0.0, 0.1), abs=0.02)
    assert few[5] == pytest.approx((-0.45, 0.55))
    assert few[4] == (0.0, 0.0)


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


def stumps(threshold: float, values: tuple[float, float, float, float]) -> Trees:
    """Return two classes with a tree of one split each."""
    return Trees(
        roots=np.array([0, 3], np.int32),
        feature=np.array([0, -1, -1, 1, -1, -1], np.int16),
        threshold=np.full(6, threshold, np.float32),
        left=np.array([1, 0, 0, 4, 0, 0], np.int32),
        right=np.array([2, 0, 0, 5, 0, 0], np.int32),
        value=np.array([0.0, *values[:2], 0.0, *values[2:]], np.float32),
        bias=np.array(values[:2], np.float32),
        calibration=np.zeros((0, 2), np.float32),
    )


def test_models_put_together_give_the_mean_of_their_sums() -> None:
    several = [stumps(0.2, (1.0, 2.0, 3.0, 4.0)), stumps(0.6, (5.0, -6.0, 7.0, 8.0))]
    for features in np.array([[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]]):
        sums = np.zeros((3, 2))
        for trees, here in zip([*several, averaged(several)], sums, strict=True):
            add_up(trees, features, here)
        assert sums[2] == pytest.approx(sums[:2].mean(0))


def test_each_view_of_spot_recordings_has_them_in_their_order(monkeypatch) -> None:
    made = [(ecg(beats, 20.0, 300.0), 300.0, kind) for beats, kind in BEATS_OF_KINDS]
    monkeypatch.setattr(data, "spot_recordings", lambda: iter(made))
    random = np.random.default_rng(5)
    monkeypatch.setattr(data, "noise", lambda *_: random.standard_normal(30_000))
    rows = spot_rows()
    assert rows.kinds.tolist() == [1, 0]
    assert (len(rows.looks), len(rows.disturbed)) == (3, 3)
    assert np.array_equal(rows.looks[0][1], features_of(*made[1][:2])[0])
    spread = NAMES.index("all_deviation")
    for view in (*rows.looks[1:], *rows.disturbed):
        assert view.shape == rows.looks[0].shape
        assert not np.array_equal(view, rows.looks[0])
        assert view[0, spread] > 4.0 * view[1, spread]
