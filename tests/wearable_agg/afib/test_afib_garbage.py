from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_ecg import BEGIN, ecg, irregular
from numpy.typing import NDArray

from wearable_agg.afib.state import ShardState, new_shard
from wearable_agg.afib.step import step
from wearable_agg.afib.types import Chunk, Event

FIBRILLATION = ecg(irregular(200.0), 200.0)
SIGNALS = {
    "ecg": FIBRILLATION,
    "silence": np.zeros(10_000, np.float32),
    "nothing": np.full(10_000, np.nan, np.float32),
    "noise": np.random.default_rng(1).standard_normal(10_000).astype(np.float32),
    "overflow": np.full(10_000, np.inf, np.float32),
    "enormous": np.geomspace(1.0, 1e38, 10_000).astype(np.float32),
}

pieces = st.tuples(
    st.sampled_from(sorted(SIGNALS)),
    st.integers(1, 50_000),
    st.sampled_from([100.0, 130.07, 250.0, 512.6, 1000.0]),
    st.sampled_from([0.0, 0.0, 0.0, 0.3, 5.0, 400.0, -50.0]),
    st.sampled_from([0, 1, 1, 1, 2]),
    st.booleans(),
)


def assert_sane(event: Event) -> None:
    fields = [getattr(event, name) for name in event.__slots__]
    numbers: NDArray[np.float64] = np.array([value for value in fields if isinstance(value, float)])
    assert np.all(np.isfinite(numbers))
    assert numbers[1] >= numbers[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=12))
def test_whatever_comes_the_events_are_sane_and_the_state_can_be_kept(
    arrivals: list[tuple[str, int, float, float, int, bool]],
) -> None:
    state, now, sequence = new_shard(), BEGIN, 0
    for name, length, rate, jump, ahead, gap in arrivals:
        samples = SIGNALS[name][:length]
        now, sequence = now + jump, sequence + ahead
        state, events = step(state, [Chunk("s", now, rate, samples, sequence, gap)])
        now += len(samples) / rate
        for event in events:
            assert_sane(event)
    assert ShardState.from_bytes(state.to_bytes()).to_bytes() == state.to_bytes()
