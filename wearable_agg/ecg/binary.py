"""Reading and writing the binary frames of the ECG stream protocol: samples, or beats. Pure."""

from __future__ import annotations

import struct

import numpy as np

from wearable_agg.ecg.beats import BEAT, NotBeats, read_beats
from wearable_agg.ecg.frames import (
    BEATS_RATE,
    LATEST_TIME,
    MAXIMUM_BEATS_SECONDS,
    MAXIMUM_FRAME_BYTES,
    VERSION,
    Beats,
    Carried,
    Code,
    ProtocolError,
    Samples,
    Slice,
)

_HEADER = struct.Struct("<BBHIQ")
_LENGTH = struct.Struct("<H")
_BEATS = 255
"""Stands for the lead in a frame of beats."""


def encode_slice(part: Slice) -> bytes:
    """Write a binary frame."""
    return encode_samples(part) if isinstance(part, Samples) else encode_beats(part)


def encode_samples(frame: Samples) -> bytes:
    """Write a binary sample frame."""
    header = (VERSION, frame.lead, frame.length, frame.sequence, frame.device_time)
    return _HEADER.pack(*header) + frame.payload()


def encode_beats(frame: Beats) -> bytes:
    """Write a binary frame of beats."""
    count = len(frame.beats) // BEAT.itemsize
    header = _HEADER.pack(VERSION, _BEATS, count, frame.sequence, frame.device_time)
    return header + _LENGTH.pack(frame.length) + frame.beats


def decode_slice(raw: bytes, carried: Carried) -> Slice:
    """Read a binary frame of a session that carries ECG or beats; raises ProtocolError."""
    return decode_samples(raw) if carried is Carried.ECG else decode_beats(raw)


def decode_samples(raw: bytes) -> Samples:
    """Read a binary sample frame; raises ProtocolError."""
    lead, count, sequence, device_time = _header(raw)
    if count == 0 or len(raw) != _HEADER.size + 2 * count:
        raise _malformed(f"{count} samples announced in {len(raw)} bytes")
    counts = np.frombuffer(raw, dtype="<i2", offset=_HEADER.size)
    return Samples(lead, sequence, device_time, counts)


def decode_beats(raw: bytes) -> Beats:
    """Read a binary frame of beats; raises ProtocolError."""
    lead, count, sequence, device_time = _header(raw)
    begin = _HEADER.size + _LENGTH.size
    if lead != _BEATS or len(raw) != begin + BEAT.itemsize * count:
        raise _malformed(f"not a frame of {count} beats in {len(raw)} bytes")
    (length,) = _LENGTH.unpack_from(raw, _HEADER.size)
    if length > MAXIMUM_BEATS_SECONDS * BEATS_RATE:
        raise ProtocolError(Code.TOO_LARGE, f"a slice of {length} ms")
    if length == 0:
        raise _malformed("a slice of no length")
    try:
        read_beats(raw[begin:], length)
    except NotBeats as problem:
        raise _malformed(str(problem)) from problem
    return Beats(sequence, device_time, length, raw[begin:])


def _header(raw: bytes) -> tuple[int, int, int, int]:
    """Return lead, count, sequence and device time of a binary frame."""
    if len(raw) > MAXIMUM_FRAME_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"a frame of {len(raw)} bytes")
    if len(raw) < _HEADER.size:
        raise _malformed(f"a binary frame of {len(raw)} bytes has no header")
    version, lead, count, sequence, device_time = _HEADER.unpack_from(raw)
    if version != VERSION:
        raise ProtocolError(Code.UNSUPPORTED_VERSION, f"binary frame version {version}")
    if device_time > LATEST_TIME:
        raise _malformed("device time beyond the year 2100")
    return lead, count, sequence, device_time


def _malformed(message: str) -> ProtocolError:
    return ProtocolError(Code.MALFORMED, message)
