"""Is a second of signal fit to be analysed? Flat, saturated and missing signal is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled
from wearable_agg.afib.rules import Rules
from wearable_agg.afib.state import Row


@compiled
def begin_block(row: Row) -> None:
    """Start measuring the next second."""
    row.filled = row.missing = row.run = row.longest_run = 0
    row.lowest, row.highest = np.inf, -np.inf


@compiled
def measure(
    row: Row, samples: NDArray[np.float32], kept: NDArray[np.float32], rules: Rules
) -> None:
    """Take `samples` into the second under way and copy them to `kept`.

    The last good value stands in for one that is no number or beyond any electrode's voltage.
    """
    held, run = row.held, row.run
    lowest, highest = row.lowest, row.highest
    for i in range(len(samples)):
        value = samples[i]
        if not abs(value) <= rules.largest:
            row.missing += 1
            value = held
        if value == held:
            run += 1
            if run > row.longest_run:
                row.longest_run, row.rail = run, value
        else:
            run = 0
        lowest, highest = min(lowest, value), max(highest, value)
        kept[i] = held = value
    row.held, row.run = held, run
    row.lowest, row.highest = lowest, highest
    row.filled += len(samples)


@compiled
def usable(row: Row, rules: Rules) -> bool:
    """Judge the second that is complete."""
    flat = row.highest - row.lowest < rules.flat_range
    row.flat_blocks = row.flat_blocks + 1 if flat else 0
    if row.flat_blocks * row.block >= rules.flat_seconds * row.design_rate - row.block / 2:
        return False
    at_rail = row.rail == row.lowest or row.rail == row.highest
    if not flat and at_rail and row.longest_run >= rules.rail_seconds * row.design_rate:
        return False
    return bool(row.missing <= rules.missing_share * row.block)
