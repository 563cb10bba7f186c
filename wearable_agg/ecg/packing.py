"""ECG samples in few bytes, without loss."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

ZLIB = b"\x78"
"""How bytes begin that hold signed differences, as all did at first: the header of zlib."""

FOLDED = b"z"
"""How bytes begin that hold differences with the sign folded in, before the header of zlib."""

PACKED = (ZLIB, FOLDED)
"""How packed bytes may begin."""

_LEVEL, _MEMORY = 1, 9


class Damaged(ValueError):
    """The bytes are not what was packed."""


def packed(counts: NDArray[np.int16]) -> bytes:
    """Return the samples as differences, low bytes before high ones, deflated.

    Neighbouring samples of an ECG differ little. Where 0, -1, 1, -2, 2 are written as 0, 1, 2, 3,
    4, nearly all the high bytes are 0.
    """
    steps = np.diff(counts.astype("<i2", copy=False), prepend=np.int16(0))
    folded = (steps << 1) ^ (steps >> 15)
    # low bytes hardly repeat: looking for more than runs costs twice the time and saves nothing
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, zlib.Z_RLE)
    planes = folded.view(np.uint8).reshape(-1, 2).T.tobytes()
    return FOLDED + deflate.compress(planes) + deflate.flush()


def unpacked(data: bytes, length: int) -> NDArray[np.int16]:
    """Return the `length` samples that were packed, now or in the first form; raises Damaged."""
    if not data.startswith(FOLDED):
        return np.cumsum(_numbers(inflated(data, 2 * length)), dtype=np.int16)
    folded = _numbers(inflated(data[len(FOLDED) :], 2 * length))
    steps = (folded.view("<u2") >> 1).view("<i2") ^ -(folded & 1)
    return np.cumsum(steps, dtype=np.int16)


def inflated(data: bytes, length: int) -> bytes:
    """Return the `length` bytes that were deflated; raises Damaged."""
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(data, length + 1)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if len(content) != length or not inflate.eof:
        raise Damaged(f"{len(content)} bytes where there were {length}")
    return content


def _numbers(planes: bytes) -> NDArray[np.int16]:
    """Return numbers of which all low bytes stand before the high ones."""
    return np.frombuffer(planes, np.uint8).reshape(2, -1).T.copy().view("<i2").ravel()
