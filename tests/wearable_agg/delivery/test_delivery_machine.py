"""Whatever happens in whatever order: one Flag for each patient, and nobody's edit is lost."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select

from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.fence import raise_fence
from wearable_agg.delivery.findings import record_continued, record_ended, record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.reconciler import Reconciler
from wearable_agg.delivery.states import Policy
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people.consents import RHYTHM, record, revoke
from wearable_agg.people.registry import person_for
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

ISSUER = "https://ehr.example/fhir"
KEY = ("sandbox", ISSUER)
PATIENTS = ("anna", "bela", "carl")
ONSET = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
MINE = "Seen on the ward, patient informed"
patients = st.sampled_from(PATIENTS)
minutes = st.integers(0, 5)


class Pipeline(RuleBasedStateMachine):
    """Ingest to chart, with people, consent, crashes, outages and time."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=_memory())
        place = Path(self.folder.name)
        self.store = open_database(place / "wearables.db")
        metadata.create_all(self.store)
        self.keys, self.mark = place / "keys", place / "delivery.mark"
        self.chart, self.now = PaperChart(), datetime.now(UTC)
        self.edited: set[str] = set()
        self.revoked: set[str] = set()
        self.found: set[str] = set()
        self.events: list[tuple[str, Detection]] = []
        self.lives = itertools.count(1)
        self.people = {patient: self._enrol(patient) for patient in PATIENTS}
        self.start()

    def _enrol(self, patient: str) -> int:
        with writing(self.store) as connection:
            person = person_for(connection, "sandbox", ISSUER, patient, create=True)
            assert person is not None
            record(connection, "sandbox", person, [RHYTHM], "I agree")
        return person

    def start(self) -> None:
        """A delivery process begins; the one before it may have been killed."""
        identity = Identity.open(self.keys)
        fence, _ = raise_fence(self.store, self.mark, identity, self.now)
        charts = {KEY: Destination(self.chart, Policy())}
        self.delivery = Delivery(
            self.store, charts, identity, "host", clock=lambda: self.now, fence=fence
        )
        self.reconciler = Reconciler(self.store, charts, identity, clock=lambda: self.now)
        self.delivery.recover(restarted=True)

    @rule(patient=patients, begin=minutes, length=st.integers(3, 8), ended=st.booleans())
    def ingest(self, patient: str, begin: int, length: int, ended: bool) -> None:
        detection = _detection(self.people[patient], patient, 10 * begin, length)
        self.events.append(("ended" if ended else "continued", detection))
        self._report("started", replace(detection, end=None))
        self._report(*self.events[-1])
        self.found.add(patient)

    @precondition(lambda self: self.events)
    @rule(chance=st.randoms(use_true_random=False))
    def replay_in_any_order(self, chance: object) -> None:
        """The engine was killed: its events come again, late and out of order."""
        again = self.events.copy()
        chance.shuffle(again)  # type: ignore[attr-defined]  # random.Random
        for kind, detection in again:
            self._report(kind, detection)

    @rule()
    def deliver(self) -> None:
        before = len(self.chart.writes)
        self.delivery.deliver_due()
        sent = {each.removeprefix("Patient/") for each in self.chart.writes[before:]}
        assert not sent & self.revoked, "a send was decided after the revocation"

    @rule()
    def crash_with_a_write_under_way(self) -> None:
        self.delivery._take()
        self.start()

    @rule()
    def crash_after_the_write(self) -> None:
        item = self.delivery._take()
        if item is not None and item.patient.patient_id not in self.revoked:
            self.delivery._do(item)
        self.start()

    @rule(patient=patients)
    def revoke(self, patient: str) -> None:
        with writing(self.store) as connection:
            revoke(connection, self.people[patient], [RHYTHM])
        self.revoked.add(patient)

    @rule(down=st.booleans())
    def ehr(self, down: bool) -> None:
        self.chart.down = down

    @rule(count=st.integers(1, 2))
    def answers_get_lost(self, count: int) -> None:
        self.chart.lose = count

    @rule(patient=patients)
    def somebody_edits_in_the_ehr(self, patient: str) -> None:
        for flag in self._flags(patient):
            self.chart.write({**flag, "code": {**flag["code"], "text": MINE}})
            self.edited.add(patient)

    @rule(seconds=st.sampled_from([1, 60, 121, 3600, 90_000]))
    def tick(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.delivery.recover()

    @rule()
    def the_mark_survives_what_the_store_forgets(self) -> None:
        """As after a restore: everything unsettled is looked for before it is sent."""
        identity = Identity.open(self.keys)
        raise_fence(self.store, self.mark, identity, self.now, restored=True)
        self.start()

    @rule()
    def reconcile(self) -> None:
        self.reconciler.reconcile(KEY, "hourly")

    @invariant()
    def one_active_flag_for_a_patient_at_most(self) -> None:
        for patient in PATIENTS:
            assert len([f for f in self._flags(patient) if f["status"] == "active"]) <= 1

    @invariant()
    def nobodys_words_are_lost(self) -> None:
        for patient in self.edited:
            assert [flag["code"]["text"] for flag in self._flags(patient)] == [MINE]

    @invariant()
    def the_audit_trail_has_no_gap(self) -> None:
        with self.store.connect() as connection:
            count, last = connection.execute(
                select(func.count(), func.max(audit.c.sequence)).select_from(audit)
            ).one()
        assert count == (last or 0)

    def teardown(self) -> None:
        """With the EHR up and time enough, everything that may be sent is there."""
        try:
            self.chart.down, self.chart.lose = False, 0
            for _ in range(6):
                self.now += timedelta(hours=1)
                self.delivery.recover()
                self.deliver()
            self._all_came_through()
        finally:
            self.store.dispose()
            self.folder.cleanup()

    def _all_came_through(self) -> None:
        with self.store.connect() as connection:
            rows = connection.execute(select(outbox.c.patient_id, outbox.c.state)).all()
        for patient, state in rows:
            assert state == "done" or (state == "parked" and patient in self.revoked)
            assert state != "done" or len(self._flags(patient)) == 1
        assert {patient for patient, _ in rows} == self.found

    def _report(self, kind: str, detection: Detection) -> None:
        reporting = {
            "started": record_started,
            "continued": record_continued,
            "ended": record_ended,
        }[kind]
        with writing(self.store) as connection:
            reporting(connection, detection)

    def _flags(self, patient: str) -> list[dict[str, object]]:
        about = f"Patient/{patient}"
        return [
            flag for flag in self.chart.of_type("Flag") if flag["subject"]["reference"] == about
        ]


def _detection(person: int, patient: str, begin: int, length: int) -> Detection:
    onset = ONSET + timedelta(minutes=begin)
    return Detection(
        tenant="sandbox",
        person_id=person,
        stream=f"patch/{patient}",
        device="Chest patch",
        onset=onset,
        detected_at=onset + timedelta(minutes=2),
        end=onset + timedelta(minutes=length),
        mean_rate=112.0,
        max_rate=141.0,
        coverage=0.9,
        decider="zhou",
        decider_version="1",
        signal="ECG",
        strip=None,
    )


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


QUIET = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}


@pytest.mark.threat("T34", "T35", "T37", "T42")
class TestPipeline(Pipeline.TestCase):
    """The short form."""

    settings = settings(max_examples=12, stateful_step_count=20, **QUIET)


@pytest.mark.long
@pytest.mark.timeout(3600)
class TestPipelineAtLength(Pipeline.TestCase):
    """The full form."""

    settings = settings(max_examples=2000, stateful_step_count=40, **QUIET)
