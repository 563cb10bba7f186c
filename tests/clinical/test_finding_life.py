"""What people may decide about a finding, and where that leaves it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.findings import OPEN_STATES, Decision, FindingState, NotAllowedNow, after, allowed


@pytest.mark.parametrize(
    ("before", "decision", "then"),
    [
        ("open", "acknowledged", "acknowledged"),
        ("open", "confirmed", "confirmed"),
        ("acknowledged", "confirmed", "confirmed"),
        ("open", "rejected", "rejected"),
        ("confirmed", "rejected", "rejected"),
        ("acknowledged", "unreadable", "unreadable"),
        ("acknowledged", "resolved", "resolved"),
        ("acknowledged", "commented", "acknowledged"),
        ("resolved", "commented", "resolved"),
        ("resolved", "reopened", "open"),
        ("rejected", "reopened", "open"),
        ("unreadable", "reopened", "open"),
    ],
)
def test_where_a_decision_leaves_a_finding(before, decision, then):
    assert after(FindingState(before), Decision(decision)) == then


@pytest.mark.parametrize(
    ("before", "decision"),
    [
        ("acknowledged", "acknowledged"),
        ("confirmed", "acknowledged"),
        ("open", "reopened"),
        ("resolved", "resolved"),
        ("rejected", "acknowledged"),
        ("rejected", "confirmed"),
    ],
)
def test_what_cannot_be_decided_there(before, decision):
    with pytest.raises(NotAllowedNow):
        after(FindingState(before), Decision(decision))


@given(st.lists(st.sampled_from(Decision), max_size=30))
def test_whatever_is_decided_what_is_closed_can_be_reopened_and_nothing_else(decisions):
    state = FindingState.OPEN
    for decision in decisions:
        if decision in allowed(state):
            state = after(state, decision)
        else:
            with pytest.raises(NotAllowedNow):
                after(state, decision)
        assert (Decision.REOPENED in allowed(state)) == (state not in OPEN_STATES)
        assert (Decision.ACKNOWLEDGED in allowed(state)) == (state is FindingState.OPEN)
        assert Decision.COMMENTED in allowed(state)
