"""The inbox is looked into at even intervals, whatever else there is to do."""

import time

from wearable_agg.engine.pace import beat


class Script:
    """Does what it is told and remembers what it was asked."""

    def __init__(self, more=False, chores=0):
        self._more, self._chores = more, chores
        self.asked = []

    def advance(self):
        self.asked.append("advance")
        return self._more

    def tend(self):
        self.asked.append("tend")
        self._chores -= 1
        return self._chores >= 0

    def other(self):
        self.asked.append("other")
        return False

    def beat(self, interval):
        pauses = []
        more = beat(self, self.other, interval, pauses.append)
        return more, pauses


def test_where_more_waits_in_the_inbox_nothing_else_is_done():
    script = Script(more=True, chores=3)
    assert script.beat(1.0) == (True, [])
    assert script.asked == ["advance"]


def test_others_have_their_turn_where_the_engine_has_nothing_to_do():
    script = Script(chores=2)
    more, [pause] = script.beat(1.0)
    assert not more
    assert script.asked == ["advance", "tend", "tend", "tend", "other"]
    assert 0.9 < pause <= 1.0


def test_chores_without_end_leave_off_when_it_is_time_to_look_again():
    script = Script(chores=10**9)
    began = time.monotonic()
    assert script.beat(0.02) == (False, [0.0])
    assert 0.02 <= time.monotonic() - began < 1.0


def test_a_batch_that_takes_long_leaves_a_bite_of_what_can_wait():
    script = Script(chores=3)
    script.beat(0.0)
    assert script.asked == ["advance", "tend"]
