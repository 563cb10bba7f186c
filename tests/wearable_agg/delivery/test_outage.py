"""A day without the EHR: nothing is lost, and what gathered goes out as fast as it is allowed."""

from datetime import timedelta

import pytest

from bench.bad_days import ALLOWED, away_for_a_day


@pytest.mark.threat("T35", "T40")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("findings", [40, pytest.param(5000, marks=pytest.mark.long)])
def test_what_gathered_in_a_day_is_drained_in_order_at_the_pace_that_is_allowed(tmp_path, findings):
    drained = away_for_a_day(tmp_path, findings, step=timedelta(minutes=30))
    assert drained.states == {"done": findings + 3 * (findings // 10)}
    assert drained.in_order
    assert drained.rate < ALLOWED * 1.05 + ALLOWED / drained.seconds, "a burst, then the rate"
    assert drained.seconds < 600 * findings / 5000 + 10, "at this pace 5,000 take ten minutes"
