"""Which state follows which answer, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from wearable_agg.delivery.chart import (
    Absent,
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Mismatched,
    NotSent,
    Refused,
    Rejected,
    Several,
    Throttled,
    Updated,
)
from wearable_agg.delivery.states import Attempt, Policy, State, judge

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = Policy(quarantine=timedelta(seconds=120))


def verdict(outcome, *, attempts=1, rejections=0, age=timedelta(0), verifying=False):
    attempt = Attempt(attempts, rejections, NOW - age, NOW, 0.5, verifying)
    return judge(outcome, attempt, POLICY)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Created("Flag/1", "1"), State.DONE),
        (Existed("Flag/1", "1"), State.DONE),
        (Updated("Flag/1", "2"), State.DONE),
        (Absent(), State.PENDING),
        (Ambiguous("?"), State.UNKNOWN),
        (Throttled("429"), State.RETRY),
        (NotSent("down"), State.RETRY),
        (Conflict("412"), State.RETRY),
        (Several("two"), State.PARKED),
        (Refused("403"), State.PARKED),
        (Mismatched("other patient"), State.PARKED),
        (Rejected("422"), State.DEAD),
    ],
)
def test_state_after_an_answer(outcome, state):
    assert verdict(outcome).state is state


def test_the_result_of_a_write_is_kept():
    done = verdict(Created("Flag/1", "7"))
    assert (done.reference, done.version) == ("Flag/1", "7")


def test_an_unknown_outcome_is_looked_at_after_the_quarantine():
    assert verdict(Ambiguous("?")).next_at == NOW + timedelta(seconds=120)


def test_a_mismatch_raises_an_alarm():
    assert verdict(Mismatched("other patient")).alarm
    assert not verdict(Refused("403")).alarm


def test_the_third_rejection_by_a_server_error_is_the_last():
    assert verdict(Ambiguous("500", rejected=True), rejections=1).state is State.UNKNOWN
    assert verdict(Ambiguous("500", rejected=True), rejections=2).state is State.DEAD
    assert verdict(Ambiguous("502"), rejections=2).state is State.UNKNOWN


@pytest.mark.threat("T40")
@pytest.mark.parametrize(
    ("asked", "waits"), [(60.0, 60), (1e9, 900), (1e300, 900), (-5.0, 0.75), (None, 0.75)]
)
def test_a_throttled_write_waits_as_long_as_asked_within_reason(asked, waits):
    assert verdict(Throttled("429", asked)).next_at == NOW + timedelta(seconds=waits)


def test_a_busy_ehr_after_a_long_outage_is_asked_again_as_soon_as_it_allows():
    busy = verdict(Throttled("429", 0.5), attempts=20)
    assert busy.next_at - NOW < timedelta(seconds=1)


def test_pauses_double_up_to_a_quarter_of_an_hour():
    pauses = [POLICY.pause(attempts, 1.0).total_seconds() for attempts in (1, 2, 3, 11, 500)]
    assert pauses == [1, 2, 4, 900, 900]


@pytest.mark.threat("T34")
@pytest.mark.parametrize("outcome", [Throttled("429"), NotSent("down"), Conflict("409")])
def test_a_look_that_fails_never_leads_to_a_second_send(outcome):
    assert verdict(outcome, verifying=True).state is State.UNKNOWN


@pytest.mark.threat("T35")
def test_delivery_goes_on_for_more_than_three_days():
    assert verdict(NotSent("down"), age=timedelta(hours=72)).state is State.RETRY


def test_in_the_end_it_is_given_up_with_the_reason():
    given_up = verdict(NotSent("down"), age=timedelta(hours=96))
    assert given_up.state is State.DEAD
    assert "96 hours" in given_up.reason
    assert "down" in given_up.reason
