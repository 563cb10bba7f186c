"""Whatever happens in whatever order: one Flag for each finding, and nobody's words are lost."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import func, select

from tests.support.episodes import ONSET, detection
from tests.support.whole_site import KEY, WholeSite
from wearable_agg.delivery.detection import Detection
from wearable_agg.delivery.findings import record_continued, record_ended, record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import writing

PATIENTS = ("anna", "bela", "carl")
MINE = "Seen on the ward, patient informed"
ROUTES = ("Flag", "Communication")
"""An EHR that takes Flags, and one that takes messages only."""

patients = st.sampled_from(PATIENTS)
minutes = st.integers(0, 5)


class Pipeline(RuleBasedStateMachine):
    """Ingest to chart, with people, consent, keys, crashes, outages and time."""

    @initialize(route=st.sampled_from(ROUTES))
    def open(self, route: str) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=_memory())
        self.site = WholeSite(Path(self.folder.name), PATIENTS, route)
        self.edited: set[str] = set()
        self.revoked: set[str] = set()
        self.events: list[tuple[str, Detection]] = []

    @rule(patient=patients, begin=minutes, length=st.integers(3, 8), ended=st.booleans())
    def ingest(self, patient: str, begin: int, length: int, ended: bool) -> None:
        episode = _detection(self.site.people[patient], patient, 10 * begin, length)
        self.events.append(("ended" if ended else "continued", episode))
        self._report("started", replace(episode, end=None))
        self._report(*self.events[-1])

    @precondition(lambda self: self.events)
    @rule(chance=st.randoms(use_true_random=False))
    def replay_in_any_order(self, chance: Any) -> None:
        """The engine was killed: its events come again, late and out of order."""
        again = self.events.copy()
        chance.shuffle(again)
        for kind, episode in again:
            self._report(kind, episode)

    @rule(patient=patients, days_ago=st.integers(1, 2), steps=st.sampled_from([4000, 8000]))
    def a_days_steps_arrive(self, patient: str, days_ago: int, steps: int) -> None:
        self.site.wear(patient, days_ago, steps)

    @rule()
    def the_inbox_is_worked_off(self) -> None:
        self.site.work()

    @rule()
    def deliver(self) -> None:
        before = len(self.site.chart.writes), len(self.site.chart.changes)
        self.site.delivery.deliver_due()
        sent = self.site.chart.writes[before[0] :] + self.site.chart.changes[before[1] :]
        about = {each.removeprefix("Patient/") for each in sent}
        assert not about & self.revoked, "a send was decided after the revocation"

    @rule()
    def crash_with_a_write_under_way(self) -> None:
        self.site.delivery._take()
        self.site.begin()

    @rule()
    def crash_after_the_write(self) -> None:
        item = self.site.delivery._take()
        if item is not None:
            self.site.delivery._do(item)
        self.site.begin()

    @rule(patient=patients)
    def revoke(self, patient: str) -> None:
        self.site.withdraw(patient)
        self.revoked.add(patient)

    @precondition(lambda self: self.revoked)
    @rule(chance=st.randoms(use_true_random=False))
    def agree_again(self, chance: Any) -> None:
        patient = chance.choice(sorted(self.revoked))
        self.site.agree(patient)
        self.revoked.discard(patient)

    @rule(down=st.booleans())
    def ehr(self, down: bool) -> None:
        self.site.chart.down = down

    @rule(count=st.integers(1, 2))
    def answers_get_lost(self, count: int) -> None:
        self.site.chart.lose = count

    @rule(patient=patients)
    def somebody_edits_in_the_ehr(self, patient: str) -> None:
        for held in self.site.carried(patient):
            self.site.chart.write({**held, "text": {"status": "additional", "div": MINE}})
            self.edited.add(held["id"])

    @rule(patient=patients, wanted=st.integers(0, 4))
    def a_clinician_decides(self, patient: str, wanted: int) -> None:
        self.site.decide(patient, wanted)

    @rule(seconds=st.sampled_from([1, 60, 121, 3600, 90_000]))
    def tick(self, seconds: int) -> None:
        self.site.now += timedelta(seconds=seconds)
        self.site.delivery.recover()

    @rule()
    def the_mark_survives_what_the_store_forgets(self) -> None:
        """As after a restore: everything unsettled is looked for before it is sent."""
        self.site.begin(restored=True)

    @rule()
    def an_operator_sends_letters_again(self) -> None:
        self.site.send_again()

    @rule()
    def reconcile(self) -> None:
        self.site.reconciler.reconcile(KEY, "hourly")

    @rule()
    def rotate_data_keys(self) -> None:
        self.site.rotate_data_keys()

    @precondition(lambda self: len(self.site.signing.held()) <= 2)  # making them takes its time
    @rule()
    def rotate_signing_keys(self) -> None:
        self.site.signing.rotate(overlap=3600, keep=3600)

    @invariant()
    def one_of_each_is_open_at_most(self) -> None:
        for patient in PATIENTS if hasattr(self, "site") else ():
            held = self.site.carried(patient)
            names = [each["identifier"][0]["value"] for each in held]
            assert len(names) == len(set(names))
            if self.site.route == "Flag":
                assert len([flag for flag in held if flag["status"] == "active"]) <= 1

    @invariant()
    def nobodys_words_are_lost(self) -> None:
        for edited in self.edited if hasattr(self, "site") else ():
            assert self.site.chart.held_now[edited]["text"]["div"] == MINE

    @invariant()
    def the_audit_trail_has_no_gap(self) -> None:
        if not hasattr(self, "site"):
            return
        with self.site.store.connect() as connection:
            count, last = connection.execute(
                select(func.count(), func.max(audit.c.sequence)).select_from(audit)
            ).one()
        assert count == (last or 0)

    def teardown(self) -> None:
        """With the EHR up, time enough and an operator, everything that may be sent is there."""
        try:
            self.site.chart.down, self.site.chart.lose = False, 0
            self.site.work()
            self.site.send_again()
            for _ in range(6):
                self.site.now += timedelta(hours=1)
                self.site.delivery.recover()
                self.deliver()
            self._all_came_through()
            assert Identity.open(self.site.keys).fingerprint == self.site.named_by
            assert self.site.unreadable() == 0
        finally:
            self.site.store.dispose()
            self.folder.cleanup()

    def _all_came_through(self) -> None:
        rows = self.site.rows()
        for row in rows:
            withdrawn = row["state"] == "parked" and row["patient_id"] in self.revoked
            assert row["state"] in ("done", "unsent") or withdrawn, dict(row)
        for patient in PATIENTS:
            flags = [r for r in rows if r["kind"] == "flag" and r["patient_id"] == patient]
            sent = [row for row in flags if row["state"] == "done"]
            assert len(self.site.carried(patient)) == len(sent)
        found = {episode.person_id for _, episode in self.events}
        assert {row["person_id"] for row in rows if row["kind"] == "flag"} == found

    def _report(self, kind: str, episode: Detection) -> None:
        reporting = {
            "started": record_started,
            "continued": record_continued,
            "ended": record_ended,
        }[kind]
        with writing(self.site.store) as connection:
            reporting(connection, episode)


def _detection(person: int, patient: str, begin: int, length: int) -> Detection:
    onset = ONSET + timedelta(minutes=begin)
    times = {"onset": onset, "detected_at": onset + timedelta(minutes=2)}
    return detection(person, patient, **times, end=onset + timedelta(minutes=length))


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


QUIET = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much],
}


@pytest.mark.threat("T33", "T34", "T35", "T37", "T42")
class TestPipeline(Pipeline.TestCase):
    """The short form."""

    settings = settings(max_examples=12, stateful_step_count=20, **QUIET)


@pytest.mark.long
@pytest.mark.timeout(3600)
class TestPipelineAtLength(Pipeline.TestCase):
    """The full form."""

    settings = settings(max_examples=2000, stateful_step_count=40, **QUIET)
