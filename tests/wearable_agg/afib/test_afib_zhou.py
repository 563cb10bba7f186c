from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearable_agg.afib.rules import configured
from wearable_agg.afib.state import STREAM
from wearable_agg.afib.zhou import add_interval, entropy

RULES = configured()


def streamed(intervals: list[float]) -> float:
    """Feed intervals without a break and return the entropy after the last."""
    row = np.zeros(1, STREAM)[0]
    for number, interval in enumerate(intervals, 1):
        row["chain"] = number
        add_interval(row, interval, RULES)
    return entropy(row, RULES)


def by_the_paper(intervals: list[float]) -> float:
    """Compute the entropy of the last 127 words directly from the published formula."""
    rates = [60.0 / interval for interval in intervals]
    symbols = [63 if rate >= 315 else math.floor(rate / 5) for rate in rates]
    words = [symbols[i - 2] * 4096 + symbols[i - 1] * 64 + symbols[i] for i in range(2, len(rates))]
    counts = Counter(words[-127:]).values()
    information = -sum(count / 127 * math.log2(count / 127) for count in counts)
    return len(counts) / (127 * math.log2(127)) * information


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.floats(min_value=0.15, max_value=3.0) | st.sampled_from([0.5, 0.8]),
        min_size=129,
        max_size=400,
    )
)
def test_the_running_entropy_is_the_published_formula(intervals: list[float]) -> None:
    assert streamed(intervals) == pytest.approx(by_the_paper(intervals), abs=1e-9)


def test_no_decision_falls_before_129_intervals() -> None:
    assert math.isnan(streamed([0.8] * 128))
    assert streamed([0.8] * 129) == 0.0


def test_a_day_of_beats_leaves_no_rounding_behind() -> None:
    day = np.random.default_rng(3).uniform(0.4, 1.0, 100_000).tolist()
    assert streamed(day) == pytest.approx(by_the_paper(day), abs=1e-9)


def test_fibrillation_lies_above_the_published_threshold_and_bigeminy_below() -> None:
    fibrillation = np.random.default_rng(5).uniform(0.4, 1.0, 200).tolist()
    assert streamed(fibrillation) > 0.639
    assert streamed([0.5, 1.1] * 100) < 0.639
