"""Delivery at work is woken by what is committed, and asks consent in the last step."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from app.demo.processes import wait_until
from tests.support.episodes import find
from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.findings import record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.patient_facts import PatientRecord
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people.consents import RHYTHM, record, revoke
from wearable_agg.store.database import open_database, writing

ISSUER = "http://localhost:8400/fhir"
KNOWN = PatientRecord("", date(1958, 3, 14), frozenset())
HOUR = 3600.0


class Reading:
    """A patient's facts; something may happen while they are read."""

    def __init__(self, meanwhile=lambda: None):
        self._meanwhile = meanwhile

    def of(self, patient):
        self._meanwhile()
        return KNOWN


@pytest.fixture
def chart():
    return PaperChart()


@pytest.fixture
def delivery(store, person, chart):
    with writing(store) as connection:
        record(connection, "sandbox", person, [RHYTHM], "I agree")
    charts = {("sandbox", ISSUER): Destination(chart, facts=Reading())}
    return Delivery(store, charts, Identity(b"k" * 32), workers=2)


@contextmanager
def running(delivery):
    """Delivery that looks around by itself once an hour."""
    stop = threading.Event()
    thread = threading.Thread(target=delivery.run, args=(stop, HOUR))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        with writing(delivery.engine) as connection:  # one more commit, so that it looks up
            connection.exec_driver_sql("UPDATE persons SET data_version = data_version + 1")
        thread.join(10)
        assert not thread.is_alive()


def test_a_finding_that_another_process_commits_is_sent_at_once(delivery, chart, detect, place):
    other = open_database(place)
    with running(delivery):
        assert not wait_until(lambda: bool(chart.writes), 0.3)
        with writing(other) as connection:
            record_started(connection, detect())
        assert wait_until(lambda: bool(chart.writes), 5)
    other.dispose()


@pytest.mark.threat("T42")
def test_consent_withdrawn_while_the_patient_is_read_keeps_it_from_being_sent(
    store, person, delivery, chart, detect
):
    def withdraw():
        with writing(store) as connection:
            revoke(connection, person, [RHYTHM])

    with writing(store) as connection:
        record_started(connection, detect())
    charts = {("sandbox", ISSUER): Destination(chart, facts=Reading(withdraw))}
    assert replace(delivery, charts=charts).deliver_due() == 1
    assert chart.writes == []
    with store.connect() as connection:
        rows = connection.exec_driver_sql("SELECT state, reason FROM outbox").all()
    assert [state for state, _ in rows] == ["parked"]
    assert "no longer allows" in rows[0][1]


class Hanging(PaperChart):
    """Answers no create until it is let go."""

    def __init__(self):
        super().__init__()
        self.let_go = threading.Event()

    def create(self, new):
        self.let_go.wait(20)
        return super().create(new)


def test_an_ehr_that_hangs_leaves_places_to_the_others(store, chart):
    """Twelve findings wait at one hospital before one at another: four places are all there is."""
    other, hanging = "http://other.example/fhir", Hanging()
    find(store, ISSUER, [f"p{number}" for number in range(12)])
    find(store, other, ["q"])
    charts = {("sandbox", ISSUER): Destination(hanging), ("sandbox", other): Destination(chart)}
    delivery = Delivery(store, charts, Identity(b"k" * 32), workers=4)
    with running(delivery):
        assert wait_until(lambda: bool(chart.writes), 5)
        assert hanging.writes == []
        hanging.let_go.set()
        assert wait_until(lambda: len(hanging.writes) == 12, 10)
