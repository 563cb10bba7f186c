"""Atrial fibrillation by the entropy of heart-rate symbols.

Zhou, Ding, Wu, Pickwell-MacPherson and Zhang, PLoS ONE 2015;10(9):e0136544: each interval becomes
a symbol, three symbols a word, and the entropy of the last words, weighted by how many of them are
distinct, tells fibrillation (high) from other rhythms (low).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wearable_agg.afib.compiled import compiled


@compiled
def symbol_of(seconds: float) -> int:
    """Return the symbol, 0 to 63, of an RR interval."""
    rate = 60.0 / seconds
    return 63 if rate >= 315.0 else int(rate / 5.0)


@compiled
def entropy(intervals: NDArray[np.floating], joined: NDArray[np.bool_], window: int) -> float:
    """Return the weighted entropy, 0 to 1, of the last `window` words.

    Where breaks have left fewer words the entropy is that of those, NaN below 3/4 of the window.

    `intervals` are RR in seconds, oldest first; `joined` says which begin at the end of the one
    before. A word is three intervals that follow each other.
    """
    words: NDArray[np.int32] = np.empty(window, np.int32)
    count = 0
    last = len(intervals) - 1
    while last >= 2 and count < window:
        if joined[last] and joined[last - 1]:
            word = symbol_of(intervals[last - 2])
            word = (word << 6) + symbol_of(intervals[last - 1])
            words[count] = (word << 6) + symbol_of(intervals[last])
            count += 1
        last -= 1
    if count < 0.75 * window:
        return math.nan
    return _weighted(np.sort(words[:count]), count)


@compiled
def _weighted(words: NDArray[np.int32], window: int) -> float:
    kinds, information, run = 0, 0.0, 0
    for i in range(window):
        run += 1
        if i == window - 1 or words[i + 1] != words[i]:
            share = run / window
            information -= share * math.log2(share)
            kinds += 1
            run = 0
    return kinds * information / (window * math.log2(window))
