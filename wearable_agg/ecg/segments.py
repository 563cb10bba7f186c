"""Streamed ECG for keeps: frames that were analysed become compressed segments, stored once.

A segment is an unbroken run of frames of one length at one true rate. The gain is its session's.
Frames and segments never hold the same samples: one turns into the other in one transaction.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, select

from wearable_agg.ecg.inbox import END_OF_SESSION, FRAME_COLUMNS, StoredFrame, stored_frame
from wearable_agg.ecg.packing import Damaged, packed, unpacked
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import frames, quarantined, segments
from wearable_agg.store.database import writing

FRAMES = 60
"""Frames in a full segment: a minute of a device that sends every second."""

GROUPS = 20
"""Streams that one call packs: bounds how long the file is kept from the gateway."""

log = structlog.get_logger()

_MICROS = 1_000_000
_SLACK = 4000
"""Microseconds by which a frame may begin beside where the run says; at 250 Hz one sample."""


def pack_analysed(ecg: Engine, cursor: int) -> int:
    """Pack frames up to id `cursor`, which no engine will read again; return how many.

    The latest frames of a stream stay: by them a device that comes back knows where it stood.
    """
    with ecg.connect() as connection:
        groups = _ripe(connection, cursor)
    done = 0
    for session, lead in groups:
        with writing(ecg) as connection:
            done += _pack(connection, session, lead, cursor)
    return done


def between(connection: Connection, session: int, lead: int, start: int, end: int) -> list[Frame]:
    """Return the packed frames of a lead that begin from `start` to `end` (UTC microseconds).

    A segment that is damaged is left out, and the log says so.
    """
    query = (
        select(segments)
        .where(
            segments.c.session == session,
            segments.c.lead == lead,
            segments.c.end > start,
            segments.c.start < end,
        )
        .order_by(segments.c.first_sequence)
    )
    found: list[Frame] = []
    for row in connection.execute(query):
        try:
            found += _frames_of(row)
        except Damaged as problem:
            log.error("segment not readable", segment=row.id, reason=str(problem))
    return [frame for frame in found if start <= frame.start < end]


def _ripe(connection: Connection, cursor: int) -> Sequence[tuple[int, int]]:
    """Return streams with enough frames for a segment; answered from the index alone."""
    query = (
        select(frames.c.session, frames.c.lead)
        .where(frames.c.id <= cursor, frames.c.lead != END_OF_SESSION, _usable())
        .group_by(frames.c.session, frames.c.lead)
        .having(func.count() > FRAMES)
        .limit(GROUPS)
    )
    return [(row.session, row.lead) for row in connection.execute(query)]


def _usable() -> ColumnElement[bool]:
    return frames.c.id.not_in(select(quarantined.c.frame))


def _pack(connection: Connection, session: int, lead: int, cursor: int) -> int:
    query = (
        select(*FRAME_COLUMNS)
        .where(
            frames.c.session == session,
            frames.c.lead == lead,
            frames.c.id <= cursor,
            _usable(),
        )
        .order_by(frames.c.sequence)
        .limit(10 * FRAMES)
    )
    waiting = [stored_frame(row) for row in connection.execute(query)][:-1]
    runs = [run for run in _runs(waiting) if len(run) == FRAMES or run[-1] is not waiting[-1]]
    for run in runs:
        connection.execute(segments.insert().values(**_values(session, run)))
        ids = [one.id for one in run]
        connection.execute(delete(frames).where(frames.c.id.in_(ids)))
    return sum(map(len, runs))


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


def _values(session: int, run: Sequence[StoredFrame]) -> dict[str, Any]:
    first, last = run[0].frame, run[-1].frame
    counts = b"".join(one.frame.counts for one in run)
    return {
        "session": session,
        "lead": first.lead,
        "first_sequence": first.sequence,
        "start": first.start,
        "end": last.start + round(last.length * _MICROS / last.rate),
        "rate": first.rate,
        "frame_length": first.length,
        "length": len(counts) // 2,
        "samples": packed(np.frombuffer(counts, "<i2")),
        "checksum": zlib.crc32(counts),
        "gap_before": first.gap_before,
        "received_at": first.received_at,
    }


def _frames_of(row: Row[Any]) -> Iterator[Frame]:
    counts = unpacked(row.samples, row.length)
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
