"""From a frame in the inbox to a chunk of millivolts, or of beats. Pure."""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np

from wearable_agg.afib.beats_only import BeatChunk
from wearable_agg.afib.types import Chunk
from wearable_agg.ecg.beats import NotBeats, read_beats
from wearable_agg.ecg.frames import HIGHEST_RATE, LOWEST_RATE, BeatKind, Carried
from wearable_agg.ecg.inbox import Session
from wearable_agg.ecg.recordings import millivolts
from wearable_agg.ecg.stream import Frame

ANALYSED_LEAD = 0
"""Devices name first the lead that is best for rhythm."""

SHARDS = 8
"""Fixed with the checkpoints: another number would need their states to be moved."""

_MICROS_PER_SECOND = 1e6
_MICROS_PER_MILLISECOND = 1000

Heard: TypeAlias = Chunk | BeatChunk


class Unusable(Exception):
    """This row cannot be analysed, now or ever; the message says why."""


def stream_name(session: Session) -> str:
    """Name the stream that is analysed of a session."""
    return f"{session.session}/{session.leads[ANALYSED_LEAD]}"


def session_of(stream: str) -> str:
    """Return the session's UUID from a stream's name."""
    return stream.split("/", 1)[0]


def shard_of(stream: str) -> int:
    """Return the shard that a stream belongs to for good."""
    return zlib.crc32(stream.encode()) % SHARDS


def chunk(session: Session, frame: Frame) -> Heard:
    """Return what the frame carries, as analysis takes it; raises Unusable."""
    if zlib.crc32(frame.counts) != frame.checksum:
        raise Unusable("the samples are not what was stored")
    return _beats(session, frame) if session.signal is Carried.BEATS else _ecg(session, frame)


def _ecg(session: Session, frame: Frame) -> Chunk:
    """Return the frame in millivolts, NaN where there is no reading."""
    if frame.length == 0 or len(frame.counts) != 2 * frame.length:
        raise Unusable(f"{len(frame.counts)} bytes for {frame.length} samples")
    if not LOWEST_RATE <= frame.rate <= HIGHEST_RATE:
        raise Unusable(f"a rate of {frame.rate} Hz")
    counts = np.frombuffer(frame.counts, dtype="<i2")
    return Chunk(
        stream=stream_name(session),
        start=frame.start / _MICROS_PER_SECOND,
        rate=frame.rate,
        samples=millivolts(counts, session.gain),
        sequence=frame.sequence,
        gap_before=frame.gap_before,
    )


def _beats(session: Session, frame: Frame) -> BeatChunk:
    try:
        offsets, kinds = read_beats(frame.counts, frame.length)
    except NotBeats as problem:
        raise Unusable(str(problem)) from problem
    micros = frame.start + _MICROS_PER_MILLISECOND * offsets.astype(np.int64)
    end = frame.start + _MICROS_PER_MILLISECOND * frame.length
    return BeatChunk(
        stream=stream_name(session),
        times=micros / _MICROS_PER_SECOND,
        ectopic=kinds == BeatKind.ECTOPIC,
        sequence=frame.sequence,
        gap_before=frame.gap_before,
        until=end / _MICROS_PER_SECOND,
    )
