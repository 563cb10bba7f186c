"""Comparing what each EHR holds with what should be there, and mending the difference.

Whatever delivery does, an EHR without atomic creates can end up with two of one; an EHR that was
itself restored has lost some. At start, every hour and after a restore of our database each
patient's findings are listed in the EHR: of several with one name one is kept, one that stands for
no finding is taken back, one that is missing is sent again. What a person changed or deleted in
the EHR stays as that person left it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, RowMapping, select, update
from sqlalchemy.exc import SQLAlchemyError

from safeguards.strict_json import loads
from wearable_agg.delivery.abilities import WORKLIST
from wearable_agg.delivery.chart import Chart, Found, Resource
from wearable_agg.delivery.compose import name_of
from wearable_agg.delivery.duplicates import choose, is_open, take_back, version_of
from wearable_agg.delivery.gates import Key
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.modes import WriteMode
from wearable_agg.delivery.naming import our_value, shows_site
from wearable_agg.delivery.outbox import audit_move
from wearable_agg.delivery.reconciliations import Tally, begin, end, is_owed
from wearable_agg.delivery.states import Kind, State
from wearable_agg.delivery.worker import Destination
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.clock import to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.outbox_tables import outbox

EVERY = timedelta(hours=1)
LOOK_SECONDS = 60.0
log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Mends what is amiss between our findings and each of `charts`."""

    engine: Engine
    charts: Mapping[Key, Destination]
    identity: Identity
    clock: Callable[[], datetime] = _now
    _occasions: dict[Key, str] = field(default_factory=dict)

    @contextmanager
    def running(self, stop: threading.Event, occasion: str) -> Iterator[None]:
        """Reconcile in a thread while the block lasts: now for `occasion`, then every hour."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop, over, occasion), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def due(self, occasion: str) -> None:
        """Reconcile each chart that is owed it: at first for `occasion`, later by the hour."""
        for key in list(self.charts):
            reason = self._occasions.get(key, occasion)
            now = self.clock()
            with self.engine.connect() as connection:
                owed = is_owed(connection, key, reason, now, EVERY)
            if owed:
                self.reconcile(key, reason)
            self._occasions[key] = "hourly"

    def reconcile(self, key: Key, occasion: str) -> Tally:
        """Reconcile one chart now, and keep what came of it."""
        with writing(self.engine) as connection:
            number = begin(connection, key, occasion, self.clock())
        tally = self._patients(key)
        with writing(self.engine) as connection:
            end(connection, number, tally, self.clock())
        log.info("reconciled", tenant=key[0], occasion=occasion, **tally.counts())
        return tally

    def _run(self, stop: threading.Event, over: threading.Event, occasion: str) -> None:
        while not stop.is_set() and not over.is_set():
            try:
                self.due(occasion)
            except SQLAlchemyError as error:
                log.error("not reconciled", reason=str(error.__cause__ or error))
            over.wait(LOOK_SECONDS if self._occasions else 1.0)

    def _patients(self, key: Key) -> Tally:
        chart, tally = self.charts[key].chart, Tally()
        shadow = self.charts[key].mode is WriteMode.SHADOW
        if shadow or chart.personality.route == WORKLIST:
            return tally  # there is nothing of ours to compare, or nothing may be mended
        with self.engine.connect() as connection:
            patients = _with_findings(connection, key)
        for patient in patients:
            problem = self._patient(EhrPatient(*key, patient), chart, tally)
            tally.patients += 1
            if problem:
                tally.problem = problem
                break
        return tally

    def _patient(self, patient: EhrPatient, chart: Chart, tally: Tally) -> str:
        """Mend one patient's; returns what kept us from it."""
        route, looked_at = chart.personality.route, self.clock()
        found = chart.held(route, patient.patient_id)
        if not isinstance(found, Found):
            return found.reason
        held = _by_value(found.resources, route)
        with self.engine.connect() as connection:  # after the look, so that nothing seems extra
            rows = _rows(connection, patient)
        expected = {self._value(patient, row, route): row for row in rows}
        tally.expected += len(expected)
        tally.held += len(held)
        for value, resources in held.items():
            self._take_back(patient, chart, value, resources, value in expected, tally)
        for value, row in expected.items():
            if value not in held and _was_there(row, looked_at):
                self._send_again(chart, row, tally)
        return ""

    def _take_back(
        self,
        patient: EhrPatient,
        chart: Chart,
        value: str,
        resources: Sequence[Resource],
        expected: bool,
        tally: Tally,
    ) -> None:
        _, extra = choose(resources)
        if not expected:
            standing = [each for each in resources if is_open(each)]
            extra = [e for e in standing if shows_site(e, self.identity) and _is_untouched(e)]
            tally.strange += len(standing) - len(extra)
        if not extra:
            return
        stopped = take_back(chart, extra)
        tally.taken_back += 0 if stopped else len(extra)
        detail = {"value": value, "count": len(extra), "done": stopped is None}
        with writing(self.engine) as connection:
            audit_move(connection, patient.tenant, 0, "taken_back", detail)

    def _send_again(self, chart: Chart, row: RowMapping, tally: Tally) -> None:
        """Look for it once more by name, then send it; not where a person deleted it."""
        reference = str(loads(row["result"])["reference"])
        if not reference.startswith(WORKLIST) and chart.is_deleted(reference):
            return
        tally.sent_again += 1
        now = to_micros(self.clock())
        again = {"state": State.UNKNOWN, "next_at": now, "queued_at": now, "attempts": 0}
        with writing(self.engine) as connection:
            connection.execute(
                update(outbox)
                .where(outbox.c.id == row["id"], outbox.c.state == State.DONE)
                .values(**again, reason="Missing from the chart")
            )
            audit_move(connection, row["tenant"], row["id"], "sent_again", {})

    def _value(self, patient: EhrPatient, row: RowMapping, route: str) -> str:
        return name_of(self.identity, patient, row, route).value


def _with_findings(connection: Connection, key: Key) -> Sequence[str]:
    tenant, issuer = key
    rows = (
        select(outbox.c.patient_id)
        .where(outbox.c.tenant == tenant, outbox.c.issuer == issuer, outbox.c.kind == Kind.FLAG)
        .distinct()
        .order_by(outbox.c.patient_id)
    )
    return connection.execute(rows).scalars().all()


def _rows(connection: Connection, patient: EhrPatient) -> Sequence[RowMapping]:
    """The patient's findings, each with the row that writes it; not those kept out of the chart."""
    columns = (outbox.c.id, outbox.c.tenant, outbox.c.state, outbox.c.updated_at, outbox.c.result)
    rows = (
        select(*columns, findings.c.kind, findings.c.trigger)
        .join(findings, findings.c.id == outbox.c.subject)
        .where(
            outbox.c.tenant == patient.tenant,
            outbox.c.issuer == patient.issuer,
            outbox.c.patient_id == patient.patient_id,
            outbox.c.kind == Kind.FLAG,
            outbox.c.state != State.UNSENT,
        )
    )
    return connection.execute(rows).mappings().all()


def _by_value(resources: Sequence[Resource], route: str) -> dict[str, list[Resource]]:
    grouped: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        if value := our_value(resource, route):
            grouped[value].append(resource)
    return grouped


def _was_there(row: RowMapping, looked_at: datetime) -> bool:
    return bool(row["state"] == State.DONE and row["updated_at"] < to_micros(looked_at))


def _is_untouched(resource: Resource) -> bool:
    return version_of(resource) == "1"
