from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from wearable_agg.afib.zhou import entropy

WORDS = 127


def computed(intervals: list[float], breaks: tuple[int, ...] = ()) -> float:
    """Return the entropy after the last interval; those in `breaks` follow nothing."""
    joined = np.ones(len(intervals), bool)
    joined[[0, *breaks]] = False
    return entropy(np.array(intervals, np.float64), joined, WORDS)


def by_the_paper(intervals: list[float]) -> float:
    """Compute the entropy of the last 127 words directly from the published formula."""
    rates = [60.0 / interval for interval in intervals]
    symbols = [63 if rate >= 315 else math.floor(rate / 5) for rate in rates]
    words = [symbols[i - 2] * 4096 + symbols[i - 1] * 64 + symbols[i] for i in range(2, len(rates))]
    counts = Counter(words[-WORDS:]).values()
    information = -sum(count / WORDS * math.log2(count / WORDS) for count in counts)
    return len(counts) / (WORDS * math.log2(WORDS)) * information


@given(
    arrays(float, st.integers(129, 400), elements=st.floats(0.15, 3.0), fill=st.floats(0.15, 3.0))
)
def test_the_entropy_is_the_published_formula(drawn: NDArray[np.float64]) -> None:
    intervals = drawn.tolist()
    assert computed(intervals) == pytest.approx(by_the_paper(intervals), abs=1e-9)


def test_too_few_words_give_no_entropy() -> None:
    assert math.isnan(computed([0.8] * 90))
    assert computed([0.8] * 129) == 0.0


def test_no_word_spans_a_break() -> None:
    steady = [0.8] * 70 + [1.6] * 70
    assert computed(steady, (70,)) < computed(steady)


def test_fibrillation_lies_above_the_published_threshold_and_bigeminy_below() -> None:
    fibrillation = np.random.default_rng(5).uniform(0.4, 1.0, 200).tolist()
    assert computed(fibrillation) > 0.639
    assert computed([0.5, 1.1] * 100) < 0.639
