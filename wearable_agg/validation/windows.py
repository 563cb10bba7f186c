"""Windows of 30 s, each fibrillation or not by majority."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wearable_agg.validation.annotations import Reference
from wearable_agg.validation.spans import Span, share_per_window

SECONDS = 30.0
"""Length of a window."""

MIXED = 0.2
"""Share of flutter or junctional rhythm above which a window is left out."""


class Windows(NamedTuple):
    """Windows by truth and verdict; those of flutter, left out of these, by verdict alone."""

    true_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0
    false_positive: int = 0
    flutter_negative: int = 0
    flutter_positive: int = 0

    def __add__(self, other: object) -> Windows:
        if not isinstance(other, Windows):
            return NotImplemented
        return Windows(*(a + b for a, b in zip(self, other, strict=True)))


def compare_windows(
    reference: Reference, test: list[Span], analysable: list[Span], seconds: float
) -> Windows:
    """Compare the whole windows of a record that lasts `seconds`.

    A window counts where at least half of it was analysable. Its truth is fibrillation where
    that fills more than half of it, its verdict where `test` fills more than half of what was
    analysable.
    """
    count = int(seconds // SECONDS)
    fit = share_per_window(analysable, SECONDS, count)
    called = share_per_window(test, SECONDS, count) > fit / 2
    truth = share_per_window(list(reference.fibrillation or ()), SECONDS, count) > SECONDS / 2
    flutter = share_per_window(list(reference.flutter), SECONDS, count) > MIXED * SECONDS
    junction = share_per_window(list(reference.junctional), SECONDS, count) > MIXED * SECONDS
    counted = (fit >= SECONDS / 2) & ~junction
    pure, fluttering = counted & ~flutter, counted & flutter
    return Windows(
        int(np.sum(pure & truth & called)),
        int(np.sum(pure & truth & ~called)),
        int(np.sum(pure & ~truth & ~called)),
        int(np.sum(pure & ~truth & called)),
        int(np.sum(fluttering & ~truth & ~called)),
        int(np.sum(fluttering & ~truth & called)),
    )
