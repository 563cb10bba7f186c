"""The engine for one machine: tails the inbox, analyses, records; a crash anywhere resumes.

The shards' states live in memory and are saved in turn, each once in 30 s. After a crash the inbox
is read again from the saved places; analysis is deterministic, so the same events come again and
change nothing. An alert is committed with its batch, before anything else; what can wait is written
down in bites between batches.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import structlog
from sqlalchemy import Connection, Engine

from safeguards.vault import Vault
from wearable_agg.afib.beats_only import BeatChunk, step_beats
from wearable_agg.afib.state import new_shard
from wearable_agg.afib.step import finish, step
from wearable_agg.afib.types import Chunk, Event
from wearable_agg.ecg import inbox
from wearable_agg.ecg.inbox import Session, StoredFrame
from wearable_agg.ecg.packer import Packer
from wearable_agg.engine import checkpoints
from wearable_agg.engine.backlog import Backlog
from wearable_agg.engine.checkpoints import Standing
from wearable_agg.engine.chunks import (
    ANALYSED_LEAD,
    SHARDS,
    Heard,
    Unusable,
    chunk,
    session_of,
    shard_of,
    stream_name,
)
from wearable_agg.engine.recorder import Recorder
from wearable_agg.engine.settling import Settling
from wearable_agg.store.database import writing

BATCH = 2500
"""Frames analysed at a time: bounds memory, and how long a finding waits during catch-up."""

CHECKPOINT_SECONDS = 30.0
"""How often each shard is saved; one at a time, so that an alert never waits for all."""

ALERTS_AT_ONCE = 8
"""Alerts committed together."""

MOST_WAITING = 20_000
"""Events that may wait to be recorded while batches follow each other: bounds memory."""

log = structlog.get_logger()


class EmbeddedEngine:
    """Analyses every stream of one inbox; exactly one of these may run on an inbox.

    It begins with `resume`, then `advance`s again and again and does some of the rest in between;
    after an error of sqlalchemy's in any of these, `resume` comes first again.
    `timezones` gives each tenant's time zone, for a person seen for the first time.
    """

    def __init__(
        self, ecg: Engine, wearables: Engine, vault: Vault, timezones: Mapping[str, str]
    ) -> None:
        self._ecg, self._wearables = ecg, wearables
        self._recorder = Recorder(ecg, wearables, vault, timezones)
        self._settling = Settling(ecg, wearables, self._recorder)
        self._sessions: dict[int, Session] = {}
        self._named: dict[str, Session] = {}
        self._packer = Packer(ecg, vault)
        self._tidying_to = self._tidied_to = -1
        self._stand([Standing(shard, 0, new_shard()) for shard in range(SHARDS)])

    def resume(self) -> None:
        """Go back to the latest checkpoints; raises sqlalchemy's errors where none can be read."""
        with self._wearables.connect() as connection:
            self._stand(checkpoints.load(connection))

    def _stand(self, saved: Sequence[Standing]) -> None:
        self._states = [one.state for one in saved]
        self._taken = [one.cursor for one in saved]
        self._saved = list(self._taken)
        self._cursor = min(self._taken)
        self._backlog = Backlog()
        self._shard, self._save_at = 0, time.monotonic() + CHECKPOINT_SECONDS / SHARDS

    def advance(self) -> bool:
        """Analyse the next batch and commit its alerts; True where more may be in the inbox.

        Raises sqlalchemy's errors where a database cannot be used, and KeyUnavailable.
        """
        with self._ecg.connect() as connection:
            rows = inbox.read_after(connection, self._cursor, ANALYSED_LEAD, BATCH)
            self._learn_sessions(connection, rows)
        if rows:
            self._commit_alerts(self._backlog.add(self._analyse(rows)))
            self._cursor = rows[-1].id
        self._plan_checkpoint()
        while len(self._backlog) > MOST_WAITING:
            self.record()
        return len(rows) == BATCH

    def tend(self) -> bool:
        """Do a little of what can wait; False where nothing is left to do for now.

        Only after `advance` was False. Raises as `advance` does.
        """
        return self.record() or self.settle() or self.tidy()

    def record(self) -> bool:
        """Commit the next few events that can wait, or a shard's checkpoint; False where none is.

        Raises sqlalchemy's errors where the database cannot be used.
        """
        bite = self._backlog.next()
        if isinstance(bite, Standing):
            self._save(bite)
        elif bite is not None:
            self._commit(bite)
        return bite is not None

    def save(self) -> None:
        """Record all that waits, and save every shard where there is anything new to save."""
        while self.record():
            pass
        for shard, state in enumerate(self._states):
            if self._saved[shard] < self._cursor:
                self._save(Standing(shard, self._cursor, state))

    def settle(self) -> bool:
        """Deal with a few of the streams that fell silent; True where there are more to look at.

        Only after `advance` was False. Raises sqlalchemy's errors as `advance` does.
        """
        return not self._backlog.has_episodes and self._settling.step(self._states)

    def tidy(self) -> bool:
        """Pack some of what no engine will read again; False where nothing is left for now.

        Goes round the streams; the next round begins when every shard was saved after this one
        began. Raises KeyUnavailable.
        """
        place = min(self._saved)
        if place <= self._tidied_to:
            return False
        if not self._packer.under_way:
            self._tidying_to = max(self._saved)
        more = self._packer.step(place)
        if not more:
            self._tidied_to = self._tidying_to
        return more

    def _learn_sessions(self, connection: Connection, rows: Sequence[StoredFrame]) -> None:
        unknown = {row.session for row in rows} - self._sessions.keys()
        if unknown:
            found = inbox.sessions_by_id(connection, unknown)
            self._sessions |= found
            self._named |= {session.session: session for session in found.values()}

    def _analyse(self, rows: Sequence[StoredFrame]) -> list[Event]:
        """Take the rows in, each session's end after all that came before it."""
        events: list[Event] = []
        waiting: list[StoredFrame] = []
        for row in rows:
            if row.frame.lead == inbox.END_OF_SESSION:
                events += self._step(waiting)
                events += self._finish(row)
                waiting = []
            else:
                waiting.append(row)
        return events + self._step(waiting)

    def _step(self, rows: Iterable[StoredFrame]) -> list[Event]:
        shards: dict[int, list[Heard]] = {}
        for row, one in self._usable(rows):
            shard = shard_of(one.stream)
            if row > self._taken[shard]:
                shards.setdefault(shard, []).append(one)
        events: list[Event] = []
        for shard, batch in shards.items():
            events += self._hear(shard, batch)
        return events

    def _hear(self, shard: int, batch: Sequence[Heard]) -> list[Event]:
        """Take a batch in; a stream is of ECG or of beats, so that neither waits for the other."""
        events: list[Event] = []
        if ecg := [one for one in batch if isinstance(one, Chunk)]:
            self._states[shard], events = step(self._states[shard], ecg)
        if beats := [one for one in batch if isinstance(one, BeatChunk)]:
            self._states[shard], more = step_beats(self._states[shard], beats)
            events += more
        return events

    def _finish(self, row: StoredFrame) -> list[Event]:
        session = self._sessions.get(row.session)
        if session is None:
            return []
        stream = stream_name(session)
        shard = shard_of(stream)
        if row.id <= self._taken[shard]:
            return []
        self._states[shard], events = finish(self._states[shard], [stream])
        return events

    def _usable(self, rows: Iterable[StoredFrame]) -> list[tuple[int, Heard]]:
        """Return the rows that can be analysed, by their ids, and set the others aside."""
        chunks, reasons = [], {}
        for row in rows:
            try:
                chunks.append((row.id, self._chunk(row)))
            except Unusable as problem:
                reasons[row.id] = str(problem)
        if reasons:
            log.error("frames set aside", reasons=reasons)
            with writing(self._ecg) as connection:
                inbox.quarantine(connection, reasons)
        return chunks

    def _chunk(self, row: StoredFrame) -> Heard:
        session = self._sessions.get(row.session)
        if session is None:
            raise Unusable("its session is not known")
        return chunk(session, row.frame)

    def _commit_alerts(self, alerts: Sequence[Event]) -> None:
        """Record a few at a time, so that where many fall together none waits for all."""
        for first in range(0, len(alerts), ALERTS_AT_ONCE):
            self._commit(alerts[first : first + ALERTS_AT_ONCE])

    def _commit(self, events: Sequence[Event]) -> None:
        self._recorder.record([(event, self._named[session_of(event.stream)]) for event in events])

    def _plan_checkpoint(self) -> None:
        """Have the next shard saved, where it is time for it."""
        if time.monotonic() < self._save_at:
            return
        self._save_at = time.monotonic() + CHECKPOINT_SECONDS / SHARDS
        self._shard = (self._shard + 1) % SHARDS
        if self._saved[self._shard] < self._cursor:
            standing = Standing(self._shard, self._cursor, self._states[self._shard])
            self._backlog.add_checkpoint(standing)

    def _save(self, standing: Standing) -> None:
        with writing(self._wearables) as connection:
            checkpoints.save(connection, standing)
        self._saved[standing.shard] = standing.cursor
