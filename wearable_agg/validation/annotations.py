"""What cardiologists marked on a record, read from WFDB annotations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wearable_agg.validation.spans import Span

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
FIBRILLATION, FLUTTER, JUNCTIONAL = "(AFIB", "(AFL", "(J"


@dataclass(frozen=True, slots=True)
class Annotations:
    """Annotations in order: seconds from the start, WFDB symbol, auxiliary text."""

    times: NDArray[np.float64]
    symbols: Sequence[str]
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reference:
    """The truth about a record; None where the record does not say.

    Times are seconds from the record's start. `fibrillation`, `flutter` and `junctional` are the
    labelled rhythms, `left_out` is ventricular flutter.
    """

    beats: NDArray[np.float64] | None
    fibrillation: tuple[Span, ...] | None
    flutter: tuple[Span, ...] = ()
    junctional: tuple[Span, ...] = ()
    left_out: tuple[Span, ...] = ()


def beats_in(notes: Annotations) -> NDArray[np.float64]:
    """Return when the annotated beats are."""
    chosen = [symbol in BEAT_SYMBOLS for symbol in notes.symbols]
    times: NDArray[np.float64] = notes.times[np.array(chosen, bool)]
    return times


def labelled(notes: Annotations, label: str, end: float) -> tuple[Span, ...]:
    """Return the episodes of a rhythm: from its label to the next other one, or to `end`."""
    spans: list[Span] = []
    begun = math.nan
    for time, symbol, text in zip(notes.times.tolist(), notes.symbols, notes.texts, strict=True):
        if symbol != "+":
            continue
        here = text.rstrip("\x00").startswith(label)
        if here and math.isnan(begun):
            begun = time
        elif not here and not math.isnan(begun):
            spans.append((begun, time))
            begun = math.nan
    if not math.isnan(begun):
        spans.append((begun, max([end, *notes.times[-1:].tolist()])))
    return tuple(spans)


def between(notes: Annotations, opens: str, closes: str, end: float) -> tuple[Span, ...]:
    """Return the stretches from one symbol to the next `closes`, or to `end`."""
    starts = [t for t, s in zip(notes.times.tolist(), notes.symbols, strict=True) if s == opens]
    ends = [t for t, s in zip(notes.times.tolist(), notes.symbols, strict=True) if s == closes]
    return tuple((start, next((e for e in ends if e >= start), end)) for start in starts)
