"""Which events are committed before the others, and what a checkpoint waits for."""

import pytest

from wearable_agg.afib.state import new_shard
from wearable_agg.afib.types import Analysed, EpisodeEnded, EpisodeStarted, Evidence
from wearable_agg.engine import backlog
from wearable_agg.engine.backlog import Backlog, alerts_first
from wearable_agg.engine.checkpoints import Standing

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


def test_a_beginning_waits_for_what_is_not_recorded_yet_of_its_stream():
    waiting = Backlog()
    assert waiting.add([ended("a", 1.0), minute("b", 0.0)]) == []
    assert waiting.add([started("a", 200.0), started("b", 9.0)]) == [started("b", 9.0)]
    assert waiting.next() == [ended("a", 1.0), started("a", 200.0)]
    assert waiting.add([started("a", 400.0)]) == [started("a", 400.0)]
    assert waiting.next() == [minute("b", 0.0)]
    assert waiting.next() is None


def test_a_checkpoint_waits_for_all_that_came_before_it(monkeypatch):
    monkeypatch.setattr(backlog, "MINUTES_AT_ONCE", 2)
    waiting, standing = Backlog(), Standing(0, 7, new_shard())
    minutes = [minute("a", 60.0 * n) for n in range(5)]
    waiting.add(minutes[:3])
    waiting.add_checkpoint(standing)
    waiting.add([*minutes[3:], ended("a", 1.0)])
    assert len(waiting) == 7
    taken = [waiting.next() for _ in range(6)]
    assert taken == [[ended("a", 1.0)], minutes[:2], minutes[2:4], standing, minutes[4:], None]
