from datetime import timedelta

import pytest

from clinical.measures import Measure, NotEnoughData, Threshold, afib_burden, change, typical
from config.clinical import load

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_burden_counts_only_analysable_time() -> None:
    burden = afib_burden(12 * HOUR, 5 * DAY, 30 * DAY)
    assert isinstance(burden, Measure)
    assert burden.value == pytest.approx(10.0)
    assert burden.coverage == pytest.approx(1 / 6)


def test_an_hour_of_ecg_is_no_burden() -> None:
    assert afib_burden(HOUR / 2, HOUR, 30 * DAY) == NotEnoughData(HOUR, DAY)


def test_a_typical_value_is_the_median_with_its_days() -> None:
    measure = typical([60.0, None, 70.0, 62.0], "bpm")
    assert measure == Measure(62.0, "bpm", 3 * DAY, 4 * DAY)


def test_fewer_than_half_of_the_days_are_not_enough() -> None:
    assert typical([60.0, None, None], "bpm") == NotEnoughData(DAY, 1.5 * DAY)


def test_no_days_are_not_enough() -> None:
    assert isinstance(typical([], "bpm"), NotEnoughData)


def test_change_needs_both_periods() -> None:
    now, before = typical([60.0], "bpm"), typical([66.0], "bpm")
    assert change(now, before) == -6.0
    assert change(now, typical([None], "bpm")) is None


def test_every_threshold_has_a_source() -> None:
    assert all(Threshold.named(name).source for name in load("display"))
