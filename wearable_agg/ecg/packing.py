"""ECG samples in few bytes, without loss."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_LEVEL, _MEMORY = 4, 9

PACKED = b"\x78"
"""How packed bytes begin: the header of zlib."""


class Damaged(ValueError):
    """The bytes are not what was packed."""


def packed(counts: NDArray[np.int16]) -> bytes:
    """Return the samples as differences, low bytes before high ones, deflated.

    Neighbouring samples of an ECG differ little: the high bytes are nearly all the same.
    """
    steps = np.diff(counts.astype("<i2"), prepend=np.int16(0))
    # for small differences: a third of the time of the usual way, and as small
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, _MEMORY, zlib.Z_FILTERED)
    return deflate.compress(steps.view(np.uint8).reshape(-1, 2).T.tobytes()) + deflate.flush()


def unpacked(data: bytes, length: int) -> NDArray[np.int16]:
    """Return the `length` samples that were packed; raises Damaged."""
    planes = inflated(data, 2 * length)
    steps = np.frombuffer(planes, np.uint8).reshape(2, length).T.copy().view("<i2").ravel()
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
