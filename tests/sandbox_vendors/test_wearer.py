"""The made-up year is believable, and the same on every run."""

from __future__ import annotations

import time
from datetime import date, timedelta

import numpy as np
import pytest

from sandbox.wearer.days import Day, day_of
from sandbox.wearer.people import WEARERS

TODAY = date(2026, 11, 21)


def year_of(user: str) -> list[Day]:
    return [day_of(user, TODAY - timedelta(days=ago), TODAY) for ago in range(365)]


def resting(days: list[Day]) -> float:
    return float(np.mean([day.resting_rate for day in days if day.resting_rate]))


def test_same_day_is_made_the_same_again() -> None:
    first = day_of("marit", TODAY, TODAY)
    day_of.cache_clear()
    assert (day_of("marit", TODAY, TODAY).rates == first.rates).all()


def test_marits_resting_rate_falls_with_each_dose() -> None:
    year = year_of("marit")
    assert resting(year[60:100]) - resting(year[20:35]) > 5
    assert resting(year[20:35]) - resting(year[0:9]) > 4


@pytest.mark.parametrize("user", sorted(WEARERS))
def test_watch_was_left_off_for_days_a_month_ago(user: str) -> None:
    assert sum(not day.worn for day in year_of(user)[25:40]) >= 4


@pytest.mark.parametrize("user", sorted(WEARERS))
def test_unworn_days_have_neither_steps_nor_a_night(user: str) -> None:
    unworn = [day for day in year_of(user) if not day.worn]
    assert unworn
    assert all(day.night is None and not day.steps.any() for day in unworn)


@pytest.mark.parametrize("user", sorted(WEARERS))
def test_heart_beats_slower_by_night(user: str) -> None:
    worn = [day for day in year_of(user) if day.worn and day.night]
    night = np.concatenate([day.rates[12:30] for day in worn])
    noon = np.concatenate([day.rates[60:84] for day in worn])
    assert noon[noon > 0].mean() - night[night > 0].mean() > 8


@pytest.mark.parametrize("user", sorted(WEARERS))
def test_nights_last_as_long_as_nights_do(user: str) -> None:
    asleep = [day.night.minutes_asleep for day in year_of(user) if day.night]
    assert 360 < np.mean(asleep) < 480
    assert min(asleep) > 240


def test_deep_sleep_is_not_more_than_light_sleep() -> None:
    nights = [day.night for day in year_of("amara") if day.night]
    deep, light = (np.mean([night.minutes(name) for night in nights]) for name in ("deep", "light"))
    assert 40 < deep < light


def test_marit_walks_less_at_weekends_and_amara_more() -> None:
    def ratio(user: str) -> float:
        steps = [(day.date.weekday() >= 5, int(day.steps.sum())) for day in year_of(user)]
        weekend = np.mean([count for late, count in steps if late and count])
        return float(weekend / np.mean([count for late, count in steps if not late and count]))

    assert ratio("marit") < 0.9 < 1.05 < ratio("amara")


def test_a_day_of_changing_clocks_has_its_own_length() -> None:
    assert len(day_of("marit", date(2026, 10, 25), TODAY).rates) == 150
    assert len(day_of("marit", date(2026, 3, 29), TODAY).rates) == 138


def test_a_year_of_a_person_is_made_in_under_a_second() -> None:
    day_of.cache_clear()
    began = time.process_time()
    year_of("jonas")
    assert time.process_time() - began < 1.0
