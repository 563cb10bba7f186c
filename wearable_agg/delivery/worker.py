"""Delivery at work: take a row, have it done, record what became of it."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from clinical.rules import Rules
from wearable_agg.delivery.chart import Ambiguous, Chart, NotSent, Outcome, Refused, Rejected
from wearable_agg.delivery.compose import compose
from wearable_agg.delivery.desk import Desk
from wearable_agg.delivery.failpoints import reached
from wearable_agg.delivery.fence import Fence
from wearable_agg.delivery.following import follow
from wearable_agg.delivery.gates import Gates, Key
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.modes import WriteMode, closed, withheld
from wearable_agg.delivery.outbox import (
    Item,
    Refusal,
    hurry,
    is_due,
    lost,
    note_unknown,
    recover,
    settle,
    take,
)
from wearable_agg.delivery.patient_facts import MERGED, PatientFacts, PatientRecord
from wearable_agg.delivery.permission import send_refusal
from wearable_agg.delivery.ruling import ruling
from wearable_agg.delivery.states import Attempt, Policy, judge
from wearable_agg.delivery.validation import InvalidResource
from wearable_agg.delivery.writes import Write
from wearable_agg.people.proposals import propose
from wearable_agg.store.commits import Commits
from wearable_agg.store.database import writing

log = structlog.get_logger()
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Destination:
    """One tenant's chart, and how patient delivery is with it.

    Without `facts` the patient is not looked at before a write, nor are the `rules` asked. `mode`
    says whether anything is sent at all.
    """

    chart: Chart
    policy: Policy = field(default_factory=Policy)
    facts: PatientFacts | None = None
    rules: Rules | None = None
    mode: WriteMode = WriteMode.AUTOMATIC


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Writes what is due into charts; `charts` by tenant and issuer, and nowhere else.

    Several may work on one database. `owner` names this one across restarts, so that after a
    crash its own rows need not wait for their lease to run out. `workers` writes are under way at
    a time. `refresh` is called now and then by `run`, and may change `charts`.
    """

    engine: Engine
    charts: Mapping[Key, Destination]
    identity: Identity
    owner: str = field(default_factory=socket.gethostname)
    clock: Callable[[], datetime] = _now
    refusal: Refusal = send_refusal
    lease: timedelta = timedelta(minutes=5)
    fence: Fence | None = None
    workers: int = 1
    refresh: Callable[[], None] = lambda: None
    _gates: Gates = field(default_factory=Gates)

    def run(self, stop: threading.Event, interval: float) -> None:
        """Deliver until `stop` is set. What somebody commits to the store is looked at at once.

        Every `interval` seconds there is a look in any case, for what time has made due. Writes
        under way are finished first. Raises FencedOff and what the database raises.
        """
        self.recover(restarted=True)
        desk, look_around_at = Desk(self.workers), 0.0
        with ThreadPoolExecutor(self.workers) as pool, Commits(self.engine) as commits:
            while not stop.is_set():
                if time.monotonic() >= look_around_at:
                    self.refresh()
                    self.recover()
                    look_around_at = time.monotonic() + interval
                while not stop.is_set() and self._hand_out(desk, pool):
                    pass
                desk.wait(interval, commits)
                desk.check()
        desk.check()

    def recover(self, *, restarted: bool = False) -> int:
        """Put what a dead sender left behind into quarantine; returns how many rows."""
        now, owner = self.clock(), self.owner if restarted else ""
        with self.engine.connect() as connection:
            if not lost(connection, now, owner):
                return 0
        with writing(self.engine) as connection:
            return recover(connection, now, self._quarantine, owner)

    def deliver_due(self) -> int:
        """Do everything that is due; returns how many rows were taken."""
        taken = 0
        while self.deliver_next():
            taken += 1
        return taken

    def deliver_next(self) -> bool:
        """Take one row that is due, have it done and record the result; False where none is."""
        item = self._take()
        if item is None:
            return False
        self._deliver(item)
        return True

    def _hand_out(self, desk: Desk, pool: ThreadPoolExecutor) -> bool:
        desk.check()
        if not desk.is_free():
            return False
        item = self._take(desk.with_room(list(self.charts)))
        if item is None:
            return False
        desk.begin(_key(item), pool.submit(self._deliver, item))
        return True

    def _take(self, charts: Collection[Key] | None = None) -> Item | None:
        """Take a row, for some `charts`; from here on it is known to be under way."""
        now = self.clock()
        charts = self._gates.passable(self.charts if charts is None else charts, now)
        with self.engine.connect() as connection:  # most looks find nothing and need no write lock
            if not charts or not is_due(connection, now, charts):
                return None
        sends = None
        with writing(self.engine) as connection:
            item = take(connection, now, self.lease, self.owner, self.refusal, charts)
            if item is not None and self.fence is not None:
                sends = self.fence.pass_through(connection)
        if item is None:
            return None
        if sends is not None and self.fence is not None:
            self.fence.note(sends)
        self._gates.passed(_key(item), now)
        return item

    def _deliver(self, item: Item) -> None:
        if not item.verifying:
            reached("after_inflight")
        outcome = self._do(item)
        reached("after_answer")
        self._record(item, outcome)

    def _do(self, item: Item) -> Outcome:
        destination = self.charts.get(_key(item))
        if destination is None:
            return Refused("No EHR is set up for this record")
        chart = destination.chart
        try:
            if item.verifying:
                return self._composed(item, chart).verify(chart)
            asked = self._asked(item, destination)
            if not isinstance(asked, Item):
                return asked
            return self._sent(self._composed(asked, chart), chart)
        except InvalidResource as error:
            return Rejected(str(error))
        except SQLAlchemyError:
            raise  # our database failed, not this row
        except Exception as error:  # one row's surprise must not stop all others
            log.exception("delivery failed", row=item.id)
            return Ambiguous(f"Our own failure: {type(error).__name__}", rejected=True)

    def _composed(self, item: Item, chart: Chart) -> Write:
        with self.engine.connect() as connection:
            return compose(connection, item, self.identity, chart.personality)

    def _asked(self, item: Item, destination: Destination) -> Outcome | Item:
        """Ask everything that can keep a write from being sent; the item where it goes.

        Consent was asked when the row was taken; reading the patient took its time since. What was
        not known of the patient is kept with the write, and stated in it.
        """
        with self.engine.connect() as connection:
            if done_with := closed(connection, item):
                return done_with
        found = _patient(item, destination)
        if isinstance(found, PatientRecord) and found.unusable:
            self._propose(item, found)
            return Refused(found.unusable)
        if found is not None and not isinstance(found, PatientRecord):
            return found
        with self.engine.connect() as connection:
            if withdrawn := self.refusal(connection, item):
                return Refused(withdrawn)
            asked = found and ruling(connection, item, found, self.clock(), destination.rules)
            stopped = (asked and asked.held) or withheld(connection, item, destination.mode)
        if asked and asked.unknown != item.unknown:
            with writing(self.engine) as connection:
                note_unknown(connection, item, asked.unknown)
            item = replace(item, unknown=asked.unknown)
        return stopped or item

    def _propose(self, item: Item, found: PatientRecord) -> None:
        if found.replaced_by:
            with writing(self.engine) as connection:
                propose(connection, item.patient, found.replaced_by)

    def _sent(self, write: Write, chart: Chart) -> Outcome:
        reached("before_send")
        return write.send(chart)

    def _record(self, item: Item, outcome: Outcome) -> None:
        now, key = self.clock(), _key(item)
        destination = self.charts.get(key)
        policy = Policy() if destination is None else destination.policy
        attempt = Attempt(
            attempts=item.attempts,
            rejections=item.rejections,
            queued_at=item.queued_at,
            now=now,
            jitter=_random.random(),
            verifying=item.verifying,
        )
        verdict = judge(outcome, attempt, policy)
        back = self._gates.learn(key, outcome, now, policy)
        with writing(self.engine) as connection:
            settle(connection, item, verdict, now)
            if verdict.reason == MERGED:
                follow(connection, item.patient)
            if back:
                hurry(connection, *key, now)
            reached("before_done")
        reached("after_done")
        report = log.error if verdict.alarm else log.info
        report("delivery", row=item.id, kind=item.kind, state=verdict.state, why=verdict.reason)

    def _quarantine(self, tenant: str) -> timedelta:
        known = (d.policy for (name, _), d in self.charts.items() if name == tenant)
        return next(known, Policy()).quarantine


def _key(item: Item) -> Key:
    return item.patient.tenant, item.patient.issuer


def _patient(item: Item, destination: Destination) -> PatientRecord | Outcome | None:
    """The patient as they are now, or why that is not known; None where nobody is asked."""
    if destination.facts is None:
        return None
    found = destination.facts.of(item.patient.patient_id)
    if isinstance(found, PatientRecord):
        return found
    # whatever came of reading, nothing was written
    return NotSent(found.reason) if isinstance(found, Ambiguous) else found
