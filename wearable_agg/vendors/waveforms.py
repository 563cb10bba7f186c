"""Reading waveforms, within bounds."""

from __future__ import annotations

import math

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.errors import Unusable

LONGEST = 1_000_000
"""Samples: half an hour at 512 Hz, and watches record 30 s."""

_SLOWEST, _FASTEST = 1.0, 10_000.0
_LARGEST = 1e9


def counts(part: Part) -> tuple[float, ...]:
    """Return the samples of an array of numbers; raises Unusable."""
    values = part.value
    if not isinstance(values, list) or not values:
        raise Unusable(part.path, "not a list of samples")
    if len(values) > LONGEST:
        raise Unusable(part.path, f"more than {LONGEST} samples")
    for index, value in enumerate(values):
        if not _is_sample(value):
            raise Unusable(f"{part.path}[{index}]", "not a sample")
    return tuple(values)


def rate_of(part: Part) -> float:
    """Return a sampling rate in Hz; raises Unusable."""
    rate = float(part.number())
    if not _SLOWEST <= rate <= _FASTEST:
        raise Unusable(part.path, "not a sampling rate")
    return rate


def _is_sample(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST and math.isfinite(value)
