"""Streamed ECG for keeps: frames that were analysed become compressed segments, stored once.

A segment is an unbroken run of frames of one length at one true rate. The gain is its session's.
Beats are kept likewise, in runs of slices of any length; `length` is then that of their bytes.
Frames and segments never hold the same samples: one turns into the other in one transaction.
Samples are sealed for their place. Those that were packed before segments were sealed are still
read, and `wristchart vault reencrypt` seals them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, delete, func, select

from safeguards.vault import Unreadable, Vault
from wearable_agg.ecg import beat_segments
from wearable_agg.ecg.frames import Carried
from wearable_agg.ecg.inbox import (
    END_OF_SESSION,
    FRAME_COLUMNS,
    Session,
    StoredFrame,
    sessions_by_id,
    stored_frame,
)
from wearable_agg.ecg.packing import PACKED, Damaged, inflated, packed, unpacked
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import frames, quarantined, segments
from wearable_agg.store.database import writing

FRAMES = 60
"""Frames in a full segment: a minute of a device that sends every second."""

MOST = 10 * FRAMES
"""Frames of a stream that one call looks at."""

GROUPS = 16
"""Streams that one call packs: bounds how long the file is kept from the gateway."""

SESSIONS = 400
"""Sessions that one call looks at."""

log = structlog.get_logger()

_MICROS = 1_000_000
_SLACK = 4000
"""Microseconds by which a frame may begin beside where the run says; at 250 Hz one sample."""


def pack_analysed(ecg: Engine, vault: Vault, cursor: int, after: int = 0) -> int | None:
    """Pack frames up to id `cursor`, which no engine will read again, of sessions above `after`.

    Packs those of a few sessions and returns above which to go on, None where there was nothing
    left to pack. The latest frames of a stream stay: by them a device that comes back
    knows where it stood. Raises KeyUnavailable.
    """
    made: list[tuple[dict[str, Any], list[int]]] = []
    more = False
    with ecg.connect() as connection:
        last = connection.execute(select(func.max(frames.c.session))).scalar() or 0
        groups = _ripe(connection, cursor, after)
        sessions = sessions_by_id(connection, {session for session, _ in groups})
        for session, lead in groups:
            waiting = _waiting(connection, session, lead, cursor)
            more = more or len(waiting) == MOST
            runs = _full(sessions[session], waiting)
            made += [(_values(vault, sessions[session], run), _ids(run)) for run in runs]
    if made:
        with writing(ecg) as connection:
            connection.execute(segments.insert(), [values for values, _ in made])
            packed_ids = [{"gone": one} for _, ids in made for one in ids]
            connection.execute(delete(frames).where(frames.c.id == bindparam("gone")), packed_ids)
    if more and made:
        return groups[0][0] - 1
    reached = groups[-1][0] if len(groups) == GROUPS else after + SESSIONS
    return reached if reached < last else None


def between(
    connection: Connection, vault: Vault, session: Session, lead: int, start: int, end: int
) -> list[Frame]:
    """Return the packed frames of a lead that begin from `start` to `end` (UTC microseconds).

    A segment that is damaged is left out, and the log says so. Raises KeyUnavailable.
    """
    query = (
        select(segments)
        .where(
            segments.c.session == session.id,
            segments.c.lead == lead,
            segments.c.end > start,
            segments.c.start < end,
        )
        .order_by(segments.c.first_sequence)
    )
    found: list[Frame] = []
    for row in connection.execute(query):
        try:
            found += _frames_of(session, row, _unsealed(vault, session, row))
        except (Damaged, Unreadable) as problem:
            log.error("segment not readable", segment=row.id, reason=str(problem))
    return [frame for frame in found if start <= frame.start < end]


def place_of_segment(tenant: str, session: str, lead: int, first_sequence: int) -> str:
    """Where a segment's samples are sealed for; `session` is the device's name of it."""
    return f"{tenant}|segments|samples|{session}:{lead}:{first_sequence}"


def is_sealed(samples: bytes) -> bool:
    """Tell whether a segment's bytes are sealed: what is only packed begins as zlib does."""
    return not samples.startswith(PACKED)


def _ripe(connection: Connection, cursor: int, after: int) -> list[tuple[int, int]]:
    """Return the first streams with enough frames for a segment; answered from an index alone."""
    query = (
        select(frames.c.session, frames.c.lead)
        .where(
            frames.c.session > after,
            frames.c.session <= after + SESSIONS,
            frames.c.id <= cursor,
            frames.c.lead != END_OF_SESSION,
            _usable(),
        )
        .group_by(frames.c.session, frames.c.lead)
        .having(func.count() > FRAMES)
        .order_by(frames.c.session, frames.c.lead)
        .limit(GROUPS)
    )
    return [(row.session, row.lead) for row in connection.execute(query)]


def _usable() -> ColumnElement[bool]:
    return frames.c.id.not_in(select(quarantined.c.frame))


def _waiting(connection: Connection, session: int, lead: int, cursor: int) -> Sequence[StoredFrame]:
    query = (
        select(*FRAME_COLUMNS)
        .where(
            frames.c.session == session,
            frames.c.lead == lead,
            frames.c.id <= cursor,
            _usable(),
        )
        .order_by(frames.c.sequence)
        .limit(MOST)
    )
    return [stored_frame(row) for row in connection.execute(query)]


def _full(session: Session, waiting: Sequence[StoredFrame]) -> list[list[StoredFrame]]:
    """Return the runs that nothing can be added to; the latest frame is in none."""
    if session.signal is Carried.BEATS:
        return beat_segments.full_runs(waiting, FRAMES)
    earlier = waiting[:-1]
    return [run for run in _runs(earlier) if len(run) == FRAMES or run[-1] is not earlier[-1]]


def _ids(run: Sequence[StoredFrame]) -> list[int]:
    return [one.id for one in run]


def _runs(waiting: Sequence[StoredFrame]) -> list[list[StoredFrame]]:
    runs: list[list[StoredFrame]] = []
    for one in waiting:
        if not runs or len(runs[-1]) == FRAMES or not _continues(runs[-1], one.frame):
            runs.append([])
        runs[-1].append(one)
    return runs


def _continues(run: Sequence[StoredFrame], frame: Frame) -> bool:
    first, last = run[0].frame, run[-1].frame
    due = first.start + round(len(run) * first.length * _MICROS / first.rate)
    return (
        not frame.gap_before
        and frame.sequence == last.sequence + 1
        and frame.length == last.length == first.length
        and abs(frame.start - due) <= _SLACK
    )


def _values(vault: Vault, session: Session, run: Sequence[StoredFrame]) -> dict[str, Any]:
    first, last = run[0].frame, run[-1].frame
    is_ecg = session.signal is Carried.ECG
    counts = b"".join(one.frame.counts for one in run) if is_ecg else beat_segments.content(run)
    place = place_of_segment(session.tenant, session.session, first.lead, first.sequence)
    return {
        "session": session.id,
        "lead": first.lead,
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


def _packed(counts: bytes, is_ecg: bool) -> bytes:
    return packed(np.frombuffer(counts, "<i2")) if is_ecg else zlib.compress(counts)


def _unsealed(vault: Vault, session: Session, row: Row[Any]) -> bytes:
    samples: bytes = row.samples
    if not is_sealed(samples):
        return samples
    place = place_of_segment(session.tenant, session.session, row.lead, row.first_sequence)
    return vault.unseal(samples, bound_to=place)


def _frames_of(session: Session, row: Row[Any], samples: bytes) -> Iterator[Frame]:
    if session.signal is Carried.BEATS:
        content = inflated(samples, row.length)
        if zlib.crc32(content) != row.checksum:
            raise Damaged("the beats are not what was packed")
        yield from beat_segments.frames(content, row.received_at)
        return
    counts = unpacked(samples, row.length)
    if zlib.crc32(counts.astype("<i2").tobytes()) != row.checksum:
        raise Damaged("the samples are not what was packed")
    for number, at in enumerate(range(0, row.length, row.frame_length)):
        part = counts[at : at + row.frame_length].astype("<i2").tobytes()
        start = row.start + round(at * _MICROS / row.rate)
        yield Frame(
            lead=row.lead,
            sequence=row.first_sequence + number,
            device_time=start,
            received_at=row.received_at,
            start=start,
            rate=row.rate,
            length=len(part) // 2,
            counts=part,
            checksum=zlib.crc32(part),
            gap_before=row.gap_before and number == 0,
        )
