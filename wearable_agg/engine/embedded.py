"""The engine for one machine: tails the inbox, analyses, records; a crash anywhere resumes.

The shards' states live in memory and are saved at most every 30 s. After a crash the inbox is read
again from the saved place; analysis is deterministic, so the same events come again and change
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import structlog
from sqlalchemy import Connection, Engine

from safeguards.vault import Vault
from wearable_agg.afib.state import ShardState
from wearable_agg.afib.step import finish, step
from wearable_agg.afib.types import Analysed, Chunk, EpisodeStarted, Event
from wearable_agg.ecg import inbox, segments
from wearable_agg.ecg.inbox import Session, StoredFrame
from wearable_agg.engine import checkpoints, silence, strips
from wearable_agg.engine.chunks import (
    ANALYSED_LEAD,
    Unusable,
    chunk,
    session_of,
    shard_of,
    stream_name,
)
from wearable_agg.engine.recording import Finding, micros, record
from wearable_agg.people.consents import RHYTHM, sharing
from wearable_agg.people.registry import UNKNOWN_TIMEZONE, EhrPatient, people_behind, person_for
from wearable_agg.store.database import writing

BATCH = 5000
"""Frames analysed at a time: bounds memory, and how long a finding waits during catch-up."""

CHECKPOINT_SECONDS = 30.0

SETTLE_SECONDS = 30.0
"""How often it is looked whether streams have fallen silent."""

ALERTS_AT_ONCE = 20
"""Alerts committed together."""

STREAMS_AT_ONCE = 50
"""Streams whose last arrival is looked up at a time."""

log = structlog.get_logger()


class EmbeddedEngine:
    """Analyses every stream of one inbox; exactly one of these may run on an inbox.

    It begins with `resume`, then `advance`s again and again.
    `timezones` gives each tenant's time zone, for a person seen for the first time.
    """

    def __init__(
        self, ecg: Engine, wearables: Engine, vault: Vault, timezones: Mapping[str, str]
    ) -> None:
        self._ecg, self._wearables = ecg, wearables
        self._vault, self._timezones = vault, timezones
        self._cursor = self._saved_cursor = 0
        self._states: list[ShardState] = []
        self._saved_at = time.monotonic()
        self._sessions: dict[int, Session] = {}
        self._settle_at, self._turn = 0.0, 0
        self._packed_session, self._tidied_up_to = 0, -1

    def resume(self) -> None:
        """Go back to the latest checkpoint; raises sqlalchemy's errors where it is unreadable."""
        with self._wearables.connect() as connection:
            saved = checkpoints.load(connection)
        self._cursor = self._saved_cursor = saved.cursor
        self._states = list(saved.states)
        self._saved_at = time.monotonic()

    def advance(self) -> bool:
        """Analyse the next batch; True where more may be waiting.

        Raises sqlalchemy's errors where a database cannot be used; then `resume` before the next
        call.
        """
        with self._ecg.connect() as connection:
            rows = inbox.read_after(connection, self._cursor, ANALYSED_LEAD, BATCH)
            self._learn_sessions(connection, rows)
        if not rows:
            self._save_if_due()
            return False
        alerts, rest = alerts_first(self._analyse(rows))
        self._record_alerts(alerts)
        self._cursor = rows[-1].id
        self._record(self._with_evidence(rest))
        return len(rows) == BATCH

    def save(self) -> None:
        """Save a checkpoint where there is anything new to save."""
        if self._cursor == self._saved_cursor:
            return
        with writing(self._wearables) as connection:
            self._save(connection)
        self._note_saved()

    def tidy(self) -> bool:
        """Pack some of what no engine will read again; True where there was anything.

        Goes from session to session; where it found nothing it waits for the next checkpoint.
        Raises KeyUnavailable.
        """
        if self._tidied_up_to == self._saved_cursor:
            return False
        where = (self._ecg, self._vault, self._saved_cursor)
        reached = segments.pack_analysed(*where, self._packed_session)
        self._packed_session = reached or 0
        if reached is None:
            self._tidied_up_to = self._saved_cursor
        return reached is not None

    def settle(self) -> None:
        """Deal with streams that fell silent, now and then; only right after `advance` was False.

        Raises sqlalchemy's errors as `advance` does.
        """
        if time.monotonic() < self._settle_at:
            return
        self._settle_at = time.monotonic() + SETTLE_SECONDS
        with self._wearables.connect() as connection:
            rows = silence.open_episodes(connection)
        with self._ecg.connect() as connection:
            ends = silence.ended(connection, self._states, rows)
            gone = silence.forgotten(connection, self._next_streams())
        self._record([Finding(end, session, silent=True) for end, session in ends])
        if gone:
            log.info("silent streams given up", count=len(gone))
            with writing(self._ecg) as connection:
                for session in gone:
                    inbox.mark_end(connection, session)

    def _next_streams(self) -> list[str]:
        """Return the next few streams, so that each has its turn."""
        every = [stream for state in self._states for stream in state.streams]
        first = self._turn if self._turn < len(every) else 0
        self._turn = first + STREAMS_AT_ONCE
        return every[first : self._turn]

    def _learn_sessions(self, connection: Connection, rows: Sequence[StoredFrame]) -> None:
        unknown = {row.session for row in rows} - self._sessions.keys()
        if unknown:
            self._sessions |= inbox.sessions_by_id(connection, unknown)

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
        shards: dict[int, list[Chunk]] = {}
        for one in self._usable(rows):
            shards.setdefault(shard_of(one.stream), []).append(one)
        events: list[Event] = []
        for shard, batch in shards.items():
            self._states[shard], found = step(self._states[shard], batch)
            events += found
        return events

    def _finish(self, row: StoredFrame) -> list[Event]:
        session = self._sessions.get(row.session)
        if session is None:
            return []
        stream = stream_name(session)
        shard = shard_of(stream)
        self._states[shard], events = finish(self._states[shard], [stream])
        return events

    def _usable(self, rows: Iterable[StoredFrame]) -> list[Chunk]:
        """Return the rows that can be analysed, and set the others aside."""
        chunks, reasons = [], {}
        for row in rows:
            try:
                chunks.append(self._chunk(row))
            except Unusable as problem:
                reasons[row.id] = str(problem)
        if reasons:
            log.error("frames set aside", reasons=reasons)
            with writing(self._ecg) as connection:
                inbox.quarantine(connection, reasons)
        return chunks

    def _chunk(self, row: StoredFrame) -> Chunk:
        session = self._sessions.get(row.session)
        if session is None:
            raise Unusable("its session is not known")
        return chunk(session, row.frame)

    def _with_evidence(self, events: Sequence[Event]) -> list[Finding]:
        if not events:
            return []
        sessions = {session.session: session for session in self._sessions.values()}
        with self._ecg.connect() as connection:
            return [self._finding(connection, e, sessions[session_of(e.stream)]) for e in events]

    def _finding(self, connection: Connection, event: Event, session: Session) -> Finding:
        if not isinstance(event, EpisodeStarted):
            return Finding(event, session)
        span = micros(event.onset), micros(event.detected_at)
        return Finding(event, session, strips.cut(connection, self._vault, session, *span))

    def _record_alerts(self, alerts: Sequence[Event]) -> None:
        """Record a few at a time, so that where many fall together none waits for all.

        Saves no checkpoint: the cursor does not yet stand where the states do.
        """
        for first in range(0, len(alerts), ALERTS_AT_ONCE):
            found = self._with_evidence(alerts[first : first + ALERTS_AT_ONCE])
            with writing(self._wearables) as connection:
                self._record_shared(connection, found)

    def _record(self, found: Sequence[Finding]) -> None:
        if not found:
            self._save_if_due()
            return
        due = self._is_due()
        with writing(self._wearables) as connection:
            self._record_shared(connection, found)
            if due:
                self._save(connection)
        if due:
            self._note_saved()

    def _record_shared(self, connection: Connection, found: Sequence[Finding]) -> None:
        """Record what those share whom it is about; asked once for all of them."""
        patients = {_patient(finding.session): finding.session for finding in found}
        people = people_behind(connection, patients.keys())
        for patient, session in patients.items():
            if patient not in people:
                people[patient] = self._person(connection, session)
        allowed = sharing(connection, set(people.values()), RHYTHM)
        about = [(finding, people[_patient(finding.session)]) for finding in found]
        record(connection, [(finding, person) for finding, person in about if person in allowed])

    def _person(self, connection: Connection, session: Session) -> int:
        known = person_for(
            connection,
            session.tenant,
            session.issuer,
            session.patient_id,
            create=True,
            timezone=self._timezones.get(session.tenant, UNKNOWN_TIMEZONE),
        )
        if known is None:
            raise LookupError(f"no person for {stream_name(session)}")
        return known

    def _is_due(self) -> bool:
        return time.monotonic() - self._saved_at >= CHECKPOINT_SECONDS

    def _save_if_due(self) -> None:
        if self._is_due():
            self.save()

    def _save(self, connection: Connection) -> None:
        checkpoints.save(connection, self._cursor, self._states)

    def _note_saved(self) -> None:
        self._saved_at, self._saved_cursor = time.monotonic(), self._cursor


def alerts_first(events: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """Part events into beginnings of episodes and the rest, each in order.

    A beginning stays with the rest where an event about an episode of its stream came before it.
    """
    alerts: list[Event] = []
    rest: list[Event] = []
    told: set[str] = set()
    for event in events:
        first = isinstance(event, EpisodeStarted) and event.stream not in told
        (alerts if first else rest).append(event)
        if not isinstance(event, Analysed):
            told.add(event.stream)
    return alerts, rest


def _patient(session: Session) -> EhrPatient:
    return EhrPatient(session.tenant, session.issuer, session.patient_id)
