"""Beat-by-beat and episode-by-episode comparison after ANSI/AAMI EC57:2012.

The WFDB programs `bxb` and `epicmp` are the field's reference implementations of the standard;
the episode comparison gives what `epicmp` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wearable_agg.validation.spans import Span, clipped, overlap

TOLERANCE = 0.150
"""Seconds within which a found beat matches a reference beat (EC57)."""

LEARNING = 300.0
"""Seconds at the start of a record that are not compared (EC57)."""


class Beats(NamedTuple):
    """Reference beats found and missed, and beats found where there is none."""

    found: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: object) -> Beats:
        if not isinstance(other, Beats):
            return NotImplemented
        return Beats(*(a + b for a, b in zip(self, other, strict=True)))


class Episodes(NamedTuple):
    """What EC57 calls TPs, FN, TPp and FP, and the durations in seconds.

    `found` and `missed` count reference episodes, `right` and `false` those of the test.
    """

    found: int = 0
    missed: int = 0
    right: int = 0
    false: int = 0
    overlap: float = 0.0
    reference: float = 0.0
    test: float = 0.0

    def __add__(self, other: object) -> Episodes:
        if not isinstance(other, Episodes):
            return NotImplemented
        return Episodes(
            self.found + other.found,
            self.missed + other.missed,
            self.right + other.right,
            self.false + other.false,
            self.overlap + other.overlap,
            self.reference + other.reference,
            self.test + other.test,
        )


def compare_beats(
    reference: NDArray[np.float64], test: NDArray[np.float64], left_out: Sequence[Span] = ()
) -> Beats:
    """Pair each reference beat with the nearest free beat within the tolerance; times in s.

    Both are in order. Beats in or within the tolerance of `left_out` (ventricular flutter) do
    not count.
    """
    reference, test = _outside(reference, left_out), _outside(test, left_out)
    used = np.zeros(len(test), bool)
    firsts = np.searchsorted(test, reference - TOLERANCE)
    lasts = np.searchsorted(test, reference + TOLERANCE, side="right")
    for beat, first, last in zip(reference, firsts, lasts, strict=True):
        free = [i for i in range(first, last) if not used[i]]
        if free:
            used[min(free, key=lambda i: abs(test[i] - beat))] = True
    found = int(used.sum())
    return Beats(found, len(reference) - found, len(test) - found)


def compare_episodes(
    reference: Sequence[Span],
    test: Sequence[Span],
    excluded: Sequence[Span],
    period: Span,
    shortest: float = 0.0,
) -> Episodes:
    """Compare episodes inside `period`; any overlap makes an episode a match.

    Time in `excluded` (reference flutter) neither counts for nor against the test. `shortest`
    leaves out reference episodes that last less within the period, in s.
    """
    found, missed, in_reference, _ = _tally(
        [span for span in clipped(reference, period) if span[1] - span[0] >= shortest], test, ()
    )
    right, false, in_test, shared = _tally(clipped(test, period), reference, excluded)
    return Episodes(found, missed, right, false, shared, in_reference, in_test)


def _tally(
    spans: Sequence[Span], others: Sequence[Span], excluded: Sequence[Span]
) -> tuple[int, int, float, float]:
    """Return matches, mismatches, duration and overlap."""
    match = mismatch = 0
    duration = shared = 0.0
    for span in spans:
        if any(start <= span[0] and span[1] <= end for start, end in excluded):
            continue
        common = overlap(span, others)
        match += common > 0.0
        mismatch += common <= 0.0
        duration += span[1] - span[0] - overlap(span, excluded)
        shared += common
    return match, mismatch, duration, shared


def _outside(beats: NDArray[np.float64], left_out: Sequence[Span]) -> NDArray[np.float64]:
    for start, end in left_out:
        beats = beats[(beats < start - TOLERANCE) | (beats > end + TOLERANCE)]
    return beats
