"""Goes round the streams again and again, a few at a time, for those that fell silent."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Engine

from wearable_agg.afib.state import ShardState
from wearable_agg.ecg import inbox
from wearable_agg.engine import silence
from wearable_agg.engine.recorder import Recorder
from wearable_agg.engine.recording import Finding
from wearable_agg.store.database import writing

ROUND_SECONDS = 30.0
"""How often it is looked whether streams with an open episode have fallen silent."""

EPISODES_AT_ONCE = 20

STREAMS_AT_ONCE = 30
"""Streams looked at in a round whether they are to be given up."""

log = structlog.get_logger()


class Settling:
    """Deals with streams that fell silent, in small steps so that alerts need not wait for it."""

    def __init__(self, ecg: Engine, wearables: Engine, recorder: Recorder) -> None:
        self._ecg, self._wearables, self._recorder = ecg, wearables, recorder
        self._not_before = 0.0
        self._episode = ""
        self._turn = 0

    def step(self, states: Sequence[ShardState]) -> bool:
        """Look at the next few; True where the round goes on.

        `states` hold all that came, and what they found of episodes is recorded. Raises
        sqlalchemy's errors where a database cannot be used.
        """
        if time.monotonic() < self._not_before:
            return False
        if self._end_episodes(states):
            return True
        self._give_up(self._next_streams(states))
        self._not_before = time.monotonic() + ROUND_SECONDS
        return False

    def _end_episodes(self, states: Sequence[ShardState]) -> bool:
        with self._wearables.connect() as connection:
            rows = silence.open_episodes(connection, self._episode, EPISODES_AT_ONCE)
        with self._ecg.connect() as connection:
            ends = silence.ended(connection, states, rows)
        self._recorder.record_found([Finding(end, session, silent=True) for end, session in ends])
        more = len(rows) == EPISODES_AT_ONCE
        self._episode = rows[-1]["id"] if more else ""
        return more

    def _give_up(self, streams: Sequence[str]) -> None:
        with self._ecg.connect() as connection:
            gone = silence.forgotten(connection, streams)
        if gone:
            log.info("silent streams given up", count=len(gone))
            with writing(self._ecg) as connection:
                for session in gone:
                    inbox.mark_end(connection, session)

    def _next_streams(self, states: Sequence[ShardState]) -> list[str]:
        """Return the next few streams, so that each has its turn."""
        every = [stream for state in states for stream in state.streams]
        first = self._turn if self._turn < len(every) else 0
        self._turn = first + STREAMS_AT_ONCE
        return every[first : self._turn]
