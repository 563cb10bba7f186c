"""Segments of beats: slices of any length, gaps included, one after the other."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from wearable_agg.ecg.beats import BEAT
from wearable_agg.ecg.frames import BEATS_RATE
from wearable_agg.ecg.stream import Frame

_SLICE = struct.Struct("<IqHH?")
"""Sequence, start in UTC microseconds, length in milliseconds, number of beats, gap before."""


def full_runs(waiting: Sequence[Row[Any]], most: int) -> list[slice]:
    """Return where the runs of `most` slices are that are complete; the latest slice is in none."""
    return [slice(first, first + most) for first in range(0, len(waiting) - most, most)]


def content(run: Sequence[Row[Any]]) -> bytes:
    """Return the slices of a run, as the inbox has them, as the bytes of a segment."""
    return b"".join(_slice(row) for row in run)


def frames(content: bytes, received_at: int) -> Iterator[Frame]:
    """Yield the slices of a segment from its bytes, which have been found undamaged."""
    at = 0
    while at < len(content):
        sequence, start, length, count, gap = _SLICE.unpack_from(content, at)
        at += _SLICE.size + count * BEAT.itemsize
        beats = content[at - count * BEAT.itemsize : at]
        yield Frame(
            lead=0,
            sequence=sequence,
            device_time=start,
            received_at=received_at,
            start=start,
            rate=BEATS_RATE,
            length=length,
            counts=beats,
            checksum=zlib.crc32(beats),
            gap_before=gap,
        )


def _slice(row: Row[Any]) -> bytes:
    beats: bytes = row.counts
    form = (row.sequence, row.start, row.length, len(beats) // BEAT.itemsize, row.gap_before)
    return _SLICE.pack(*form) + beats
