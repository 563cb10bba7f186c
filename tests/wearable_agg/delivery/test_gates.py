"""How an EHR that is down or busy is spared."""

from datetime import UTC, datetime, timedelta

import pytest

from wearable_agg.delivery.chart import Created, NotSent, Throttled
from wearable_agg.delivery.gates import LONGEST, Gates
from wearable_agg.delivery.states import Policy

KEY, OTHER = ("a", "https://a"), ("b", "https://b")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seconds(count):
    return NOW + timedelta(seconds=count)


def test_an_ehr_that_is_down_is_asked_again_after_a_while_and_the_others_meanwhile():
    gates = Gates()
    gates.learn(KEY, NotSent("down"), NOW, Policy())
    assert gates.passable([KEY, OTHER], NOW) == [OTHER]
    assert gates.passable([KEY], seconds(2)) == [KEY]


def test_after_a_day_down_it_is_asked_at_least_every_half_minute():
    gates = Gates()
    for _ in range(100):
        gates.learn(KEY, NotSent("down"), NOW, Policy())
    assert gates.passable([KEY], NOW + LONGEST) == [KEY]


def test_while_it_is_down_one_asks_for_all():
    gates = Gates()
    gates.learn(KEY, NotSent("down"), NOW, Policy())
    gates.passed(KEY, seconds(2))
    assert gates.passable([KEY], seconds(2)) == []


def test_the_first_answer_opens_it_and_is_told_of():
    gates = Gates()
    gates.learn(KEY, NotSent("down"), NOW, Policy())
    assert gates.learn(KEY, Created("Flag/1", "1"), seconds(2), Policy()) is True
    assert gates.passable([KEY], seconds(2)) == [KEY]
    assert gates.learn(KEY, Created("Flag/2", "1"), seconds(2), Policy()) is False


def test_a_busy_ehr_is_left_alone_as_long_as_it_asks():
    gates = Gates()
    gates.learn(KEY, Throttled("busy", 7), NOW, Policy())
    assert gates.passable([KEY], seconds(6.9)) == []
    assert gates.passable([KEY], seconds(7)) == [KEY]


def test_a_busy_ehr_after_an_outage_is_not_left_longer_than_it_asks():
    gates = Gates()
    gates.learn(KEY, NotSent("down"), NOW, Policy())
    gates.passed(KEY, NOW)
    assert gates.learn(KEY, Throttled("busy", 1), NOW, Policy()) is True
    assert gates.passable([KEY], seconds(1)) == [KEY]


@pytest.mark.threat("T40")
def test_an_absurd_wish_is_not_granted():
    gates = Gates()
    gates.learn(KEY, Throttled("busy", 1e300), NOW, Policy())
    assert gates.passable([KEY], NOW + Policy().longest_pause) == [KEY]
