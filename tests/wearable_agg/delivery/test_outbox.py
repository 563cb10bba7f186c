"""The outbox on a real database: turns, leases, crashes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, select, update

from wearable_agg.delivery.chart import Ambiguous, Created, Existed, Held, NotSent, Withheld
from wearable_agg.delivery.enqueue import add_flag, reconsider
from wearable_agg.delivery.outbox import _next, recover, settle, take
from wearable_agg.delivery.states import Attempt, Kind, Policy, judge
from wearable_agg.delivery.uploads import day_changed
from wearable_agg.people.registry import EhrPatient, person_for
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing
from wearable_agg.store.outbox_tables import outbox

LEASE = timedelta(minutes=5)
QUARANTINE = timedelta(seconds=120)


@pytest.fixture
def now():
    return datetime.now(UTC) + timedelta(seconds=1)


def lease(store, now, owner="a", refusal=lambda *_: ""):
    with writing(store) as connection:
        return take(connection, now, LEASE, owner, refusal)


def finish(store, item, outcome, now):
    attempt = Attempt(item.attempts, item.rejections, item.queued_at, now, 0.5, item.verifying)
    with writing(store) as connection:
        return settle(connection, item, judge(outcome, attempt, Policy(QUARANTINE)), now)


def rows(store):
    with store.connect() as connection:
        return connection.execute(select(outbox).order_by(outbox.c.id)).mappings().all()


def state(store, row=0):
    return rows(store)[row]["state"]


def queue_flag(store, person, finding="f1", patient="marit-solheim"):
    with writing(store) as connection:
        add_flag(connection, EhrPatient("sandbox", "http://ehr", patient), person, finding)


def queue_day(store, person, value, day=date(2026, 2, 27)):
    with writing(store) as connection:
        day_changed(connection, person, day, "steps", value, "{steps}")


def news_of(store, finding):
    with writing(store) as connection:
        reconsider(connection, finding)


def test_a_taken_row_is_in_flight_and_nobody_elses(store, person, now):
    queue_flag(store, person)
    assert lease(store, now).kind is Kind.FLAG
    assert state(store) == "inflight"
    assert lease(store, now, owner="b") is None


def test_one_row_of_a_patient_at_a_time_in_the_order_they_came(store, person, now):
    queue_flag(store, person, "f1")
    queue_flag(store, person, "f2")
    first = lease(store, now)
    assert (first.subject, lease(store, now)) == ("f1", None)
    finish(store, first, Created("Flag/1", "1"), now)
    assert lease(store, now).subject == "f2"


def test_a_row_that_has_to_wait_holds_back_the_later_ones_of_its_lane(store, person, now):
    queue_flag(store, person, "f1")
    queue_flag(store, person, "f2")
    finish(store, lease(store, now), NotSent("down"), now)
    assert lease(store, now) is None
    assert lease(store, now + timedelta(seconds=2)).subject == "f1"


def test_a_flag_never_waits_behind_a_stuck_upload(store, person, now):
    queue_day(store, person, 8000)
    finish(store, lease(store, now), Ambiguous("lost"), now)
    queue_flag(store, person)
    assert lease(store, now).kind is Kind.FLAG


def test_other_patients_go_on_meanwhile(store, person, now):
    queue_flag(store, person, "f1")
    with writing(store) as connection:
        other = person_for(connection, "sandbox", "http://ehr", "p2", create=True)
    queue_flag(store, other, "f2", "p2")
    assert [lease(store, now).subject, lease(store, now).subject] == ["f1", "f2"]


def test_an_unknown_outcome_is_verified_after_the_quarantine_not_sent_again(store, person, now):
    queue_flag(store, person)
    finish(store, lease(store, now), Ambiguous("lost"), now)
    assert lease(store, now + QUARANTINE - timedelta(seconds=1)) is None
    again = lease(store, now + QUARANTINE)
    assert (again.verifying, again.attempts) == (True, 1)


def test_what_was_found_on_verification_is_done(store, person, now):
    queue_flag(store, person)
    finish(store, lease(store, now), Ambiguous("lost"), now)
    later = now + QUARANTINE
    finish(store, lease(store, later), Existed("Flag/9", "1"), later)
    assert (state(store), '"Flag/9"' in rows(store)[0]["result"]) == ("done", True)


def test_after_a_crash_a_row_in_flight_is_unknown_once_its_lease_is_over(store, person, now):
    queue_flag(store, person)
    lease(store, now)
    with writing(store) as connection:
        assert recover(connection, now + LEASE - timedelta(seconds=1), lambda _: QUARANTINE) == 0
        assert recover(connection, now + LEASE, lambda _: QUARANTINE) == 1
    assert state(store) == "unknown"


def test_the_same_owner_recovers_its_rows_at_once(store, person, now):
    queue_flag(store, person)
    lease(store, now, owner="host")
    with writing(store) as connection:
        assert recover(connection, now, lambda _: QUARANTINE, "other") == 0
        assert recover(connection, now, lambda _: QUARANTINE, "host") == 1


def test_a_result_that_comes_after_the_lease_was_lost_changes_nothing(store, person, now):
    queue_flag(store, person)
    item = lease(store, now)
    with writing(store) as connection:
        recover(connection, now + LEASE, lambda _: QUARANTINE)
    assert not finish(store, item, Created("Flag/1", "1"), now)
    assert state(store) == "unknown"


def test_a_row_without_permission_is_parked_unsent(store, person, now):
    queue_flag(store, person)
    assert lease(store, now, refusal=lambda *_: "withdrawn") is None
    assert (state(store), rows(store)[0]["reason"]) == ("parked", "withdrawn")


def test_what_the_rules_hold_back_waits_for_news(store, person, now):
    queue_flag(store, person)
    finish(store, lease(store, now), Held("too short", None), now)
    assert lease(store, now) is None
    news_of(store, "f1")
    assert lease(store, now).subject == "f1"


@pytest.mark.parametrize("outcome", [Held("too short", None), Withheld("closed")])
def test_news_that_comes_while_the_rules_are_asked_is_not_lost(store, person, now, outcome):
    queue_flag(store, person)
    asked = lease(store, now)
    news_of(store, "f1")
    finish(store, asked, outcome, now)
    again = lease(store, now)
    assert again.subject == "f1"
    finish(store, again, outcome, now)
    assert lease(store, now) is None


def test_news_that_comes_while_a_flag_is_sent_sends_no_second_one(store, person, now):
    queue_flag(store, person)
    sent = lease(store, now)
    news_of(store, "f1")
    finish(store, sent, Created("Flag/1", "1"), now)
    assert (state(store), lease(store, now)) == ("done", None)


def test_every_move_is_audited(store, person, now):
    queue_flag(store, person)
    finish(store, lease(store, now), Created("Flag/1", "1"), now)
    with store.connect() as connection:
        actions = connection.execute(select(audit.c.action).order_by(audit.c.sequence)).scalars()
        assert actions.all() == ["outbox.queued", "outbox.inflight", "outbox.done"]


def test_a_day_queued_twice_is_one_row(store, person):
    queue_day(store, person, 8000)
    queue_day(store, person, 8000)
    assert [(row["generation"], row["state"]) for row in rows(store)] == [(1, "pending")]


def test_a_day_corrected_after_it_was_sent_is_due_again(store, person, now):
    queue_day(store, person, 8000)
    finish(store, lease(store, now), Created("Observation/1", "1"), now)
    queue_day(store, person, 8100)
    assert [(row["generation"], row["state"]) for row in rows(store)] == [(2, "pending")]
    assert lease(store, now + timedelta(seconds=1)).reference == "Observation/1"


def test_a_day_corrected_while_in_flight_is_sent_once_more(store, person, now):
    queue_day(store, person, 8000)
    item = lease(store, now)
    queue_day(store, person, 8100)
    finish(store, item, Created("Observation/1", "1"), now)
    assert state(store) == "pending"
    assert lease(store, now + timedelta(seconds=1)).payload["value"] == 8100


def test_a_type_no_chart_is_told_of_is_left_alone(store, person):
    with writing(store) as connection:
        day_changed(connection, person, date(2026, 2, 27), "hrv", 40, "ms")
    assert rows(store) == []


def test_a_unit_that_is_not_the_types_own_is_refused(store, person):
    with writing(store) as connection, pytest.raises(ValueError, match="steps"):
        day_changed(connection, person, date(2026, 2, 27), "steps", 40, "/min")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_long_queue_is_looked_through_by_index(store, person, now):
    with writing(store) as connection:
        connection.exec_driver_sql("ANALYZE")
        seen = []

        def explain(conn, cursor, statement, parameters, context, many):
            plan = conn.connection.cursor()
            plan.execute("EXPLAIN QUERY PLAN " + statement, parameters)
            seen.extend(row[3] for row in plan.fetchall())

        event.listen(connection, "before_cursor_execute", explain)
        _next(connection, now)
    assert sum("ix_outbox_patient" in step for step in seen) == 2, seen
    assert any("ix_outbox_due" in step for step in seen), seen


def test_a_row_given_up_is_due_again_when_its_day_is_corrected(store, person, now):
    queue_day(store, person, 8000)
    with writing(store) as connection:
        connection.execute(update(outbox).values(state="dead", reason="x"))
    queue_day(store, person, 8100)
    assert state(store) == "pending"
