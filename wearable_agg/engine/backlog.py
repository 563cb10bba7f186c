"""What the engine has still to write down: news of episodes, minutes analysed, checkpoints."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import TypeAlias

from wearable_agg.afib.types import Analysed, EpisodeStarted, Event
from wearable_agg.engine.checkpoints import Standing

EPISODES_AT_ONCE = 8
MINUTES_AT_ONCE = 200
"""Events committed together: bounds how long an alert waits for those that may wait."""

Bite: TypeAlias = list[Event] | Standing


class Backlog:
    """Events that are not recorded yet, and checkpoints that may be saved only after them."""

    def __init__(self) -> None:
        self._episodes: deque[Event] = deque()
        self._minutes: deque[Event] = deque()
        self._checkpoints: deque[tuple[int, Standing]] = deque()
        self._minutes_added = self._minutes_taken = 0

    def __len__(self) -> int:
        return len(self._episodes) + len(self._minutes) + len(self._checkpoints)

    @property
    def has_episodes(self) -> bool:
        """Whether there is news of an episode."""
        return bool(self._episodes)

    def add(self, events: Iterable[Event]) -> list[Event]:
        """Take events in, but for the alerts, which are returned: they cannot wait."""
        alerts, rest = alerts_first(events, {event.stream for event in self._episodes})
        minutes = [event for event in rest if isinstance(event, Analysed)]
        self._minutes.extend(minutes)
        self._minutes_added += len(minutes)
        self._episodes.extend(event for event in rest if not isinstance(event, Analysed))
        return alerts

    def add_checkpoint(self, standing: Standing) -> None:
        """Have a shard saved once all that was taken in so far is recorded."""
        self._checkpoints.append((self._minutes_added, standing))

    def next(self) -> Bite | None:
        """Take out what is to be committed next, in one transaction; None where nothing is left.

        News of episodes comes in order, before all else. A checkpoint comes after all that was
        added before it.
        """
        if self._episodes:
            return _first(self._episodes, EPISODES_AT_ONCE)
        if self._checkpoints and self._checkpoints[0][0] <= self._minutes_taken:
            return self._checkpoints.popleft()[1]
        minutes = _first(self._minutes, MINUTES_AT_ONCE)
        self._minutes_taken += len(minutes)
        return minutes or None


def _first(events: deque[Event], most: int) -> list[Event]:
    """Take the first few out."""
    return [events.popleft() for _ in range(min(most, len(events)))]


def alerts_first(
    events: Iterable[Event], waiting: Collection[str] = ()
) -> tuple[list[Event], list[Event]]:
    """Part events into beginnings of episodes and the rest, each in order.

    A beginning stays with the rest where an event about an episode of its stream came before it,
    or is `waiting` from earlier.
    """
    alerts: list[Event] = []
    rest: list[Event] = []
    told = set(waiting)
    for event in events:
        first = isinstance(event, EpisodeStarted) and event.stream not in told
        (alerts if first else rest).append(event)
        if not isinstance(event, Analysed):
            told.add(event.stream)
    return alerts, rest
