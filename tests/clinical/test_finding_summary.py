"""How the episodes of a finding sum up."""

from datetime import UTC, datetime, timedelta

import pytest

from clinical.findings import Spell, summarise

START = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def spell(begin, seen, *, ended=True, mean=100.0, highest=120.0, coverage=1.0):
    last = START + timedelta(minutes=seen)
    onset = START + timedelta(minutes=begin)
    return Spell(onset, last, last if ended else None, mean, highest, coverage)


def test_the_duration_is_the_time_in_fibrillation_not_the_time_between():
    assert summarise([spell(0, 10), spell(60, 65)]).duration == timedelta(minutes=15)


def test_the_mean_rate_is_weighted_by_duration():
    both = summarise([spell(0, 30, mean=90), spell(60, 70, mean=130)])
    assert both.mean_rate == pytest.approx(100)


def test_the_highest_rate_is_that_of_any_episode():
    assert summarise([spell(0, 10, highest=170), spell(60, 65)]).max_rate == 170


def test_it_goes_on_while_the_latest_episode_does():
    assert summarise([spell(0, 10), spell(60, 65, ended=False)]).end is None


def test_an_older_episode_without_an_end_does_not_keep_it_going():
    later = spell(60, 65)
    assert summarise([spell(0, 10, ended=False), later]).end == later.end


def test_an_episode_just_begun_still_weighs():
    assert summarise([spell(0, 0, mean=110)]).mean_rate == 110
