"""Heart beats as they are kept for evidence, and the intervals between them. Without numpy."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, insert, select

from wearable_agg.delivery.detection import Tachogram, TimedBeat
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import tachograms

_BEAT = struct.Struct("<IB")
"""Milliseconds from the begin, and what is known: 1 beats lost before, 2 ectopy told, 4 ectopic."""

_LOST, _TOLD, _ECTOPIC = 1, 2, 4


def keep(connection: Connection, finding_id: str, shown: Tachogram) -> None:
    """Keep the first tachogram of a finding: it is the evidence that was, or will be, sent."""
    if read(connection, finding_id) is None:
        values = {"start": to_micros(shown.start), "beats": packed(shown.beats)}
        connection.execute(insert(tachograms).values(finding_id=finding_id, **values))


def read(connection: Connection, finding_id: str) -> Tachogram | None:
    """Return what is kept for a finding, None where there is nothing."""
    found = connection.execute(select(tachograms).where(tachograms.c.finding_id == finding_id))
    row = found.one_or_none()
    return None if row is None else Tachogram(from_micros(row.start), unpacked(row.beats))


def packed(beats: Iterable[TimedBeat]) -> bytes:
    """Return beats as they are stored."""
    return zlib.compress(b"".join(_BEAT.pack(beat.offset, _flags(beat)) for beat in beats))


def unpacked(stored: bytes) -> list[TimedBeat]:
    """Return stored beats."""
    return [
        TimedBeat(offset, bool(flags & _LOST), bool(flags & _ECTOPIC) if flags & _TOLD else None)
        for offset, flags in _BEAT.iter_unpack(zlib.decompress(stored))
    ]


def intervals(beats: Sequence[TimedBeat]) -> Iterator[int | None]:
    """Yield the milliseconds between each beat and the one before, None where that is not known."""
    before: int | None = None
    for beat in beats:
        yield None if before is None or beat.after_loss else beat.offset - before
        before = beat.offset


def runs(beats: Sequence[TimedBeat]) -> Iterator[tuple[int, list[int]]]:
    """Yield each unbroken run: when its first beat was, and the intervals from there, in ms."""
    run: list[int] = []
    first = 0
    for beat, interval in zip(beats, intervals(beats), strict=True):
        if interval is not None:
            run.append(interval)
            continue
        if run:
            yield first, run
        first, run = beat.offset, []
    if run:
        yield first, run


def _flags(beat: TimedBeat) -> int:
    told = 0 if beat.ectopic is None else _TOLD + _ECTOPIC * beat.ectopic
    return told + _LOST * beat.after_loss
