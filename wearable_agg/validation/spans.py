"""Stretches of time, in seconds: `(start, end)`, in order and apart from each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Span: TypeAlias = tuple[float, float]


def total(spans: Iterable[Span]) -> float:
    """Return how long they last together."""
    return sum(end - start for start, end in spans)


def clipped(spans: Iterable[Span], within: Span) -> list[Span]:
    """Return the parts inside `within`; one that only touches it leaves an empty span."""
    first, last = within
    return [
        (max(start, first), min(end, last)) for start, end in spans if end >= first and start < last
    ]


def overlap(span: Span, others: Iterable[Span]) -> float:
    """Return how much of `span` the others hold."""
    start, end = span
    return sum(max(0.0, min(end, last) - max(start, first)) for first, last in others)


def share_per_window(spans: Sequence[Span], length: float, count: int) -> NDArray[np.float64]:
    """Return for each of `count` windows of `length` seconds from 0 the seconds held by `spans`."""
    edges = np.arange(count + 1) * length
    held = np.zeros(count + 1)
    for start, end in spans:
        held += np.clip(edges, start, end) - start
    seconds: NDArray[np.float64] = np.diff(held)
    return seconds
