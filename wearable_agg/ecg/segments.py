"""Streamed ECG for keeps: frames that were analysed become compressed segments, stored once.

A segment is an unbroken run of frames of one length at one true rate. The gain is its session's.
Beats are kept likewise, in runs of slices of any length; `length` is then that of their bytes.
Frames and segments never hold the same samples: one turns into the other in one transaction.
Samples are sealed for their place. Those that were packed before segments were sealed are still
read, and `wristchart vault reencrypt` seals them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from safeguards.vault import Unreadable, Vault
from wearable_agg.ecg import beat_segments
from wearable_agg.ecg.frames import Carried
from wearable_agg.ecg.inbox import Session
from wearable_agg.ecg.packing import PACKED, Damaged, inflated, unpacked
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import segments

FRAMES = 60
"""Frames in a full segment: a minute of a device that sends every second."""

log = structlog.get_logger()

_MICROS = 1_000_000


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
    """Tell whether a segment's bytes are sealed: what is only packed begins otherwise."""
    return not samples.startswith(PACKED)


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
