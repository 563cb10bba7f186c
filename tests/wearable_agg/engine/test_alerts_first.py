"""Which events of a batch are committed before the others."""

import pytest

from wearable_agg.afib.types import Analysed, EpisodeEnded, EpisodeStarted, Evidence
from wearable_agg.engine.backlog import alerts_first

NUMBERS = Evidence(*[0.0] * len(Evidence.__dataclass_fields__))


def started(stream, onset):
    return EpisodeStarted(stream, onset, onset + 60, 110.0, 140.0, 1.0, 0.9, NUMBERS)


def ended(stream, onset):
    return EpisodeEnded(stream, onset, onset + 90, 110.0, 140.0, 1.0)


def minute(stream, start):
    return Analysed(stream, start, start + 60, 60.0, 60.0, 0.0)


def test_beginnings_come_before_minutes_of_any_stream():
    events = [minute("a", 0.0), started("b", 5.0), minute("c", 0.0), started("a", 9.0)]
    alerts, rest = alerts_first(events)
    assert alerts == [events[1], events[3]]
    assert rest == [events[0], events[2]]


@pytest.mark.parametrize("before", [started("a", 1.0), ended("a", 1.0)])
def test_a_beginning_after_another_episode_of_its_stream_keeps_its_place(before):
    events = [before, ended("a", 1.0), started("a", 200.0)]
    alerts, rest = alerts_first(events)
    assert [*alerts, *rest] == events
    assert events[2] in rest


def test_an_end_comes_after_its_beginning():
    events = [started("a", 1.0), ended("a", 1.0)]
    assert alerts_first(events) == ([events[0]], [events[1]])
