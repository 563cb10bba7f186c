"""What an EHR holds against what should be there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from safeguards.strict_json import loads
from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.chart import Found
from wearable_agg.delivery.findings import record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.reconciler import EVERY, Reconciler
from wearable_agg.delivery.reconciliations import last_of
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people import consents
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import episodes, findings, strips
from wearable_agg.store.outbox_tables import outbox

KEY = ("sandbox", "http://localhost:8400/fhir")


class Side:
    """Both sides: our store with one finding that was delivered, and the EHR on paper."""

    def __init__(self, store, detection):
        self.store, self.chart, self.now = store, PaperChart(), datetime.now(UTC)
        identity, charts = Identity(b"k" * 32), {KEY: Destination(self.chart)}
        clock = lambda: self.now  # noqa: E731
        self.delivery = Delivery(store, charts, identity, clock=clock)
        self.reconciler = Reconciler(store, charts, identity, clock=clock)
        with writing(store) as connection:
            consents.record(connection, "sandbox", detection.person_id, ["rhythm"], "I agree")
            record_started(connection, detection)
        self.deliver()

    def deliver(self):
        self.now += timedelta(minutes=5)
        self.delivery.deliver_due()

    def reconcile(self):
        self.now += timedelta(minutes=5)
        return self.reconciler.reconcile(KEY, "hourly")

    def flags(self):
        return self.chart.of_type("Flag")

    def active(self):
        return [flag for flag in self.flags() if flag["status"] == "active"]

    def double(self):
        """The EHR let a second one through."""
        [flag] = self.flags()
        self.chart._put({name: value for name, value in flag.items() if name != "id"})

    def forget_the_finding(self):
        """As after a restore: the EHR holds what our store knows nothing of."""
        with writing(self.store) as connection:
            row = connection.execute(select(outbox)).mappings().one()
            for table in (episodes, strips, findings):
                connection.execute(delete(table))
            connection.execute(outbox.update().values(subject="another", kind="flag"))
        return row

    def moves(self, action):
        with self.store.connect() as connection:
            rows = connection.execute(select(audit.c.detail).where(audit.c.action == action))
            return [loads(detail) for detail in rows.scalars()]


@pytest.fixture
def side(store, detect):
    return Side(store, detect())


def test_where_all_is_well_nothing_happens(side):
    tally = side.reconcile()
    assert (tally.expected, tally.held, tally.taken_back, tally.sent_again) == (1, 1, 0, 0)
    assert side.chart.writes == ["Patient/marit-solheim"]


@pytest.mark.threat("T34")
def test_of_two_the_older_is_kept_and_it_is_audited(side):
    [first] = side.flags()
    side.double()
    assert side.reconcile().taken_back == 1
    assert [flag["id"] for flag in side.active()] == [first["id"]]
    assert side.moves("outbox.taken_back")[0]["count"] == 1


def test_of_two_the_one_that_somebody_changed_is_kept(side):
    side.double()
    changed = side.flags()[1]
    side.chart.write({**changed, "code": {"text": "Discussed"}})
    side.reconcile()
    assert [flag["code"]["text"] for flag in side.active()] == ["Discussed"]


def test_what_the_ehr_lost_is_sent_again(side):
    side.chart.held_now.clear()
    assert side.reconcile().sent_again == 1
    side.deliver()
    side.deliver()
    assert len(side.active()) == 1


def test_what_a_person_deleted_is_not_sent_again(side):
    side.chart.held_now.clear()
    side.chart.is_deleted = lambda reference: True
    assert side.reconcile().sent_again == 0


def test_one_that_stands_for_no_finding_is_taken_back(side):
    side.forget_the_finding()
    assert side.reconcile().taken_back == 1
    assert side.active() == []


def test_one_that_stands_for_no_finding_but_that_somebody_changed_is_left(side):
    [flag] = side.flags()
    side.chart.write({**flag, "code": {"text": "Discussed"}})
    side.forget_the_finding()
    tally = side.reconcile()
    assert (tally.taken_back, tally.strange, len(side.active())) == (0, 1, 1)


def test_another_sites_are_left_alone(side):
    [flag] = side.flags()
    flag["meta"]["tag"] = []
    side.forget_the_finding()
    assert (side.reconcile().taken_back, len(side.active())) == (0, 1)


def test_an_ehr_out_of_reach_ends_it_and_that_is_kept(side, store):
    side.chart.down = True
    assert side.reconcile().problem == "down"
    with store.connect() as connection:
        assert last_of(connection, "sandbox").tally.problem == "down"


def test_it_is_owed_at_start_and_then_every_hour(side, store):
    side.reconciler.due("start")
    with store.connect() as connection:
        first = last_of(connection, "sandbox")
    side.reconciler.due("start")
    side.now += EVERY
    side.reconciler.due("start")
    with store.connect() as connection:
        later = last_of(connection, "sandbox")
    assert (first.occasion, later.occasion) == ("start", "hourly")
    assert later.started_at - first.started_at >= EVERY


def test_a_page_of_an_ehr_that_mixes_in_others_does_not_touch_them(side):
    side.chart._put({**side.flags()[0], "identifier": [{"system": "s", "value": "v"}]})
    held = side.chart.held("Flag", "marit-solheim")
    assert isinstance(held, Found)
    assert side.reconcile().taken_back == 0
    assert len(side.active()) == 2
