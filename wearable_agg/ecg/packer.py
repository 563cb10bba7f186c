"""Packs streamed ECG that was analysed into segments: each sample is stored once, sealed.

Goes round the streams again and again. Those whose frames lie beside each other in the inbox are
packed together: SQLite then empties whole pages, where else it would write a page for each frame.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Engine, Row, Select, bindparam, delete, func, select

from safeguards.vault import Vault
from wearable_agg.ecg import beat_segments
from wearable_agg.ecg.frames import Carried
from wearable_agg.ecg.inbox import END_OF_SESSION, Session, sessions_by_id
from wearable_agg.ecg.packing import packed
from wearable_agg.ecg.segments import FRAMES, place_of_segment
from wearable_agg.ecg.tables import frames, quarantined, segments
from wearable_agg.store.database import writing

MOST = 10 * FRAMES
"""Frames of a stream that are packed at once."""

READ = 600
"""Frames that one step packs, about: bounds how long an alert waits for it."""

WRITTEN = 128
"""Segments that are written in a transaction, about: bounds how long it keeps the file from the
gateway. The more there are, the more frames they take from each page that is written."""

SESSIONS = 400
"""Sessions that one step looks at."""

_MICROS = 1_000_000
_SLACK = 4000
"""Microseconds by which a frame may begin beside where the run says; at 250 Hz one sample."""

_AFTER = np.arange(1, FRAMES) * _MICROS

_Segment: TypeAlias = tuple[dict[str, Any], dict[str, int]]

_USABLE = frames.c.id.not_in(select(quarantined.c.frame))

# built once: building such a statement takes longer than SQLite needs for it
_RIPE = (
    select(
        *(frames.c.session, frames.c.lead),
        *(func.min(frames.c.id).label("oldest"), func.count().label("waiting")),
    )
    .where(
        frames.c.session > bindparam("after"),
        frames.c.session <= bindparam("last"),
        frames.c.id <= bindparam("cursor"),
        frames.c.lead != END_OF_SESSION,
        _USABLE,
    )
    .group_by(frames.c.session, frames.c.lead)
    .having(func.count() > FRAMES)
)
"""Streams with enough frames for a segment; answered from an index alone."""

_WAITING: Select[Any] = (
    select(
        *(frames.c.sequence, frames.c.start, frames.c.rate, frames.c.length),
        *(frames.c.gap_before, frames.c.received_at, frames.c.counts),
    )
    .where(
        frames.c.session == bindparam("session"),
        frames.c.lead == bindparam("lead"),
        frames.c.id <= bindparam("cursor"),
        _USABLE,
    )
    .order_by(frames.c.sequence)
    .limit(bindparam("most"))
)
_RUN = delete(frames).where(
    frames.c.session == bindparam("of_session"),
    frames.c.lead == bindparam("of_lead"),
    frames.c.sequence.between(bindparam("first"), bindparam("last")),
    _USABLE,
)


@dataclass(frozen=True, slots=True, order=True)
class _Stream:
    """A lead of a session, the id of its oldest frame, and how many wait."""

    oldest: int
    session: int
    lead: int
    waiting: int

    @property
    def wanted(self) -> int:
        """How many to read: full segments, and one more, which stays."""
        return min(MOST, (self.waiting - 1) // FRAMES * FRAMES) + 1


class Packer:
    """Packs the frames of one inbox, in small steps so that alerts need not wait for it."""

    def __init__(self, ecg: Engine, vault: Vault) -> None:
        self._ecg, self._vault = ecg, vault
        self._looked_to = 0
        self._found: list[_Stream] = []
        self._due: deque[_Stream] = deque()
        self._made: list[_Segment] = []
        self._again: list[_Stream] = []

    @property
    def under_way(self) -> bool:
        """Whether a round has begun and is not over."""
        return bool(self._looked_to or self._due or self._made)

    def step(self, cursor: int) -> bool:
        """Look at some streams, pack a few, or write down what was packed; False after a round.

        Packs frames up to id `cursor`, which no engine will read again. The latest frames of a
        stream stay: by them a device that comes back knows where it stood. Raises KeyUnavailable,
        and sqlalchemy's errors.
        """
        if len(self._made) >= WRITTEN or (self._made and not self._due):
            self._write()
        elif self._due:
            self._pack(cursor)
        else:
            self._look(cursor)
        return self.under_way

    def _look(self, cursor: int) -> None:
        """Find which streams of the next sessions to pack; after the last, bring all in order."""
        reach = {"after": self._looked_to, "last": self._looked_to + SESSIONS, "cursor": cursor}
        with self._ecg.connect() as connection:
            last = connection.execute(select(func.max(frames.c.session))).scalar() or 0
            rows = connection.execute(_RIPE, reach).all()
        self._found += [_Stream(row.oldest, row.session, row.lead, row.waiting) for row in rows]
        self._looked_to = reach["last"]
        if self._looked_to >= last:
            self._due.extend(sorted(self._found))
            self._found, self._looked_to = [], 0

    def _pack(self, cursor: int) -> None:
        for stream, session, waiting in self._take(cursor):
            runs = _full_runs(session, waiting)
            self._made += [
                _segment(self._vault, session, stream.lead, waiting[run]) for run in runs
            ]
            left = stream.waiting - sum(run.stop - run.start for run in runs)
            if runs and left > FRAMES:
                self._again.append(replace(stream, waiting=left))

    def _write(self) -> None:
        """Have the segments take the place of their frames."""
        made, self._made = self._made, []
        again, self._again = self._again, []
        with writing(self._ecg) as connection:
            connection.execute(segments.insert(), [values for values, _ in made])
            connection.execute(_RUN, [run for _, run in made])
        self._due.extendleft(reversed(again))

    def _take(self, cursor: int) -> list[tuple[_Stream, Session, Sequence[Row[Any]]]]:
        """Take the first few of those that are due, with what waits of each."""
        taken: list[tuple[_Stream, Sequence[Row[Any]]]] = []
        left = READ
        with self._ecg.connect() as connection:
            while self._due and left > 0:
                stream = self._due.popleft()
                taken.append((stream, _waiting(connection, stream, cursor)))
                left -= len(taken[-1][1])
            known = sessions_by_id(connection, {stream.session for stream, _ in taken})
        return [(stream, known[stream.session], waiting) for stream, waiting in taken]


def _waiting(connection: Connection, stream: _Stream, cursor: int) -> Sequence[Row[Any]]:
    where = {"session": stream.session, "lead": stream.lead, "cursor": cursor}
    return connection.execute(_WAITING, where | {"most": stream.wanted}).all()


def _full_runs(session: Session, waiting: Sequence[Row[Any]]) -> list[slice]:
    """Return where the runs are that nothing can be added to; the latest frame is in none."""
    if session.signal is Carried.BEATS:
        return beat_segments.full_runs(waiting, FRAMES)
    latest = len(waiting) - 1
    runs = _runs(waiting[:latest]) if latest > 0 else []
    return [run for run in runs if run.stop - run.start == FRAMES or run.stop < latest]


def _runs(waiting: Sequence[Row[Any]]) -> list[slice]:
    """Part frames into runs of at most FRAMES that follow each other and are of one length."""
    columns = list(zip(*waiting, strict=True))
    sequence, start, rate, length, gap_before = (np.array(each) for each in columns[:5])
    broken = gap_before.astype(bool)
    broken[1:] |= (np.diff(sequence) != 1) | (np.diff(length) != 0)
    runs: list[slice] = []
    first = 0
    while first < len(waiting):
        part = slice(first + 1, first + FRAMES)
        due = start[first] + _AFTER[: len(start[part])] * length[first] / rate[first]
        ends = np.flatnonzero(broken[part] | (np.abs(start[part] - due) > _SLACK))
        stop = first + 1 + (int(ends[0]) if ends.size else len(due))
        runs.append(slice(first, stop))
        first = stop
    return runs


def _segment(vault: Vault, session: Session, lead: int, run: Sequence[Row[Any]]) -> _Segment:
    """Return the row that holds a run, and what says which frames are in it."""
    first, last = run[0], run[-1]
    is_ecg = session.signal is Carried.ECG
    counts = b"".join([row.counts for row in run]) if is_ecg else beat_segments.content(run)
    place = place_of_segment(session.tenant, session.session, lead, first.sequence)
    values = {
        "session": session.id,
        "lead": lead,
        "first_sequence": first.sequence,
        "start": first.start,
        "end": last.start + round(last.length * _MICROS / last.rate),
        "rate": first.rate,
        "frame_length": first.length,
        "length": len(counts) // 2 if is_ecg else len(counts),
        "samples": vault.seal(_packed(counts, is_ecg), bound_to=place),
        "checksum": zlib.crc32(counts),
        "gap_before": first.gap_before,
        "received_at": first.received_at,
    }
    span = {"first": first.sequence, "last": last.sequence}
    return values, {"of_session": session.id, "of_lead": lead, **span}


def _packed(counts: bytes, is_ecg: bool) -> bytes:
    return packed(np.frombuffer(counts, "<i2")) if is_ecg else zlib.compress(counts)
