"""The signal as the shape of beats is looked at: one rate, low-passed, without its offset."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.filters import design_low_pass
from wearable_agg.afib.state import GRID, RAW, SHAPE, Row

_SMOOTH = 40.0
"""Hz above which muscle outweighs what tells beats apart."""

_DRIFT = 0.5
"""Hz below which the baseline wanders."""

_DELAY = 6e-3
"""Seconds by which the low-pass holds a QRS back: sqrt(2) / (2 pi 40 Hz)."""

_MICROVOLTS = 1000.0
_LARGEST = 32000.0


@compiled
def restart_shape(row: Row, sample: float) -> None:
    """Start the grid anew at a signal that has always stood at its first `sample`, in mV."""
    design_low_pass(_SMOOTH, row.design_rate, row.smooth)
    row.smooth_delays[:] = 0.0
    row.offset, row.smoothed = sample, 0.0
    row.shape_count = 0


@compiled
def put_on_grid(row: Row, raw: NDArray[np.float32]) -> None:
    """Take the samples of `raw` after its first RAW, which are not yet in `row.index`."""
    gain, first, second = row.smooth[0], row.smooth[1], row.smooth[2]
    a, b = row.smooth_delays[0], row.smooth_delays[1]
    offset, smoothed = row.offset, row.smoothed
    follow = 1.0 - math.exp(-2.0 * math.pi * _DRIFT / row.design_rate)
    native = row.design_rate / GRID
    count = row.shape_count
    for i in range(len(raw) - RAW):
        value = raw[RAW + i] * _MICROVOLTS
        offset += follow * (value - offset * _MICROVOLTS) / _MICROVOLTS
        x = gain * (value - offset * _MICROVOLTS)
        y = x + a
        a = 2.0 * x - first * y + b
        b = x - second * y
        now = row.index + i
        while count * native <= now:
            share = now - count * native
            at = y + share * (smoothed - y) if share < 1.0 else smoothed
            row.shape[count % SHAPE] = round(min(max(at, -_LARGEST), _LARGEST))
            count += 1
        smoothed = y
    row.smooth_delays[0], row.smooth_delays[1] = a, b
    row.offset, row.smoothed, row.shape_count = offset, smoothed, count


@compiled
def on_grid(row: Row, index: int) -> int:
    """Return where on the grid the sample `index` of the signal is."""
    return int(np.floor((index / row.design_rate + _DELAY) * GRID + 0.5))


@compiled
def is_kept(row: Row, first: int, last: int) -> bool:
    """Say whether the grid still, or already, holds everything from `first` to before `last`."""
    return bool(first >= 0 and first >= row.shape_count - SHAPE and last <= row.shape_count)


@compiled
def cut(row: Row, first: int, piece: NDArray[np.float32]) -> None:
    """Copy microvolts from `first` on into `piece`."""
    at = first % SHAPE
    for i in range(len(piece)):
        piece[i] = row.shape[at]
        at += 1
        if at == SHAPE:
            at = 0
