"""Delivery at work: take a row, have it done, record what became of it."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from wearable_agg.delivery.chart import Ambiguous, Chart, Outcome, Refused, Rejected
from wearable_agg.delivery.compose import compose
from wearable_agg.delivery.failpoints import reached
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.outbox import Item, Refusal, is_due, lost, recover, settle, take
from wearable_agg.delivery.permission import consent_refusal
from wearable_agg.delivery.states import Attempt, Policy, judge
from wearable_agg.delivery.validation import InvalidResource
from wearable_agg.store.database import writing

log = structlog.get_logger()
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Destination:
    """One tenant's chart, and how patient delivery is with it."""

    chart: Chart
    policy: Policy = field(default_factory=Policy)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Writes what is due into charts; `charts` by tenant and issuer.

    Several may work on one database. `owner` names this one across restarts, so that after a
    crash its own rows need not wait for their lease to run out.
    """

    engine: Engine
    charts: Mapping[tuple[str, str], Destination]
    identity: Identity
    owner: str = field(default_factory=socket.gethostname)
    clock: Callable[[], datetime] = _now
    refusal: Refusal = consent_refusal
    lease: timedelta = timedelta(minutes=5)

    def run(self, stop: threading.Event, interval: float) -> None:
        """Deliver until `stop` is set, looking every `interval` seconds for what is due."""
        self.recover(restarted=True)
        while not stop.is_set():
            while not stop.is_set() and self.deliver_next():
                pass
            stop.wait(interval)
            self.recover()

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
        with self.engine.connect() as connection:  # most looks find nothing and need no write lock
            if not is_due(connection, self.clock()):
                return False
        with writing(self.engine) as connection:
            item = take(connection, self.clock(), self.lease, self.owner, self.refusal)
        if item is None:
            return False
        if not item.verifying:
            reached("after_inflight")
        outcome = self._do(item)
        reached("after_answer")
        self._record(item, outcome)
        return True

    def _do(self, item: Item) -> Outcome:
        destination = self._destination(item)
        if destination is None:
            return Refused("No EHR is set up for this record")
        try:
            with self.engine.connect() as connection:
                write = compose(connection, item, self.identity, destination.chart.personality)
            chart = destination.chart
            return write.verify(chart) if item.verifying else write.send(chart)
        except InvalidResource as error:
            return Rejected(str(error))
        except SQLAlchemyError:
            raise  # our database failed, not this row
        except Exception as error:  # one row's surprise must not stop all others
            log.exception("delivery failed", row=item.id)
            return Ambiguous(f"Our own failure: {type(error).__name__}", rejected=True)

    def _record(self, item: Item, outcome: Outcome) -> None:
        now, destination = self.clock(), self._destination(item)
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
        with writing(self.engine) as connection:
            settle(connection, item, verdict, now)
            reached("before_done")
        report = log.error if verdict.alarm else log.info
        report("delivery", row=item.id, kind=item.kind, state=verdict.state, why=verdict.reason)

    def _destination(self, item: Item) -> Destination | None:
        return self.charts.get((item.patient.tenant, item.patient.issuer))

    def _quarantine(self, tenant: str) -> timedelta:
        known = (d.policy for (name, _), d in self.charts.items() if name == tenant)
        return next(known, Policy()).quarantine
