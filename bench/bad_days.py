"""How delivery comes back after bad days: a day without the EHR, consent that is withdrawn."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, String, cast, func, literal, select

from app.demo.processes import wait_until
from app.roles.delivery import WORKERS
from clinical.rules import configured
from safeguards.audit import record as audit_record
from tests.support.episodes import detection
from tests.support.paper_chart import PaperChart
from wearable_agg.delivery.chart import (
    Failure,
    Found,
    Identifier,
    New,
    NotSent,
    Outcome,
    Throttled,
)
from wearable_agg.delivery.findings import record_started
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.patient_facts import Answer, PatientFacts, PatientRecord
from wearable_agg.delivery.states import SETTLED
from wearable_agg.delivery.uploads import day_changed
from wearable_agg.delivery.worker import Delivery, Destination
from wearable_agg.people.consents import RHYTHM, record, revoke
from wearable_agg.people.registry import person_for
from wearable_agg.store.all_tables import metadata
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.outbox_tables import outbox

ROUND_TRIP_SECONDS = 0.1
ALLOWED = 40.0
STEP = timedelta(seconds=30)
READ_SECONDS = 0.02
ISSUER = "https://ehr.example/fhir"
KEY = ("sandbox", ISSUER)
DAYS = 3
SEED = 20260301
KNOWN = PatientRecord("", date(1958, 3, 14), frozenset())


class BusyChart(PaperChart):
    """Allows so many requests a second of the bench's clock, and says when to come back."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._free = ALLOWED
        self._at = clock.now
        self.requests = 0

    def create(self, new: Sequence[New]) -> Outcome:
        return self.refusal() or super().create(new)

    def find(self, resource_type: str, identifier: Identifier, patient: str) -> Found | Failure:
        return self.refusal() or super().find(resource_type, identifier, patient)

    def refusal(self) -> Throttled | None:
        """Count a request; it takes its share of a round trip, as WORKERS go side by side."""
        self._clock.now += timedelta(seconds=ROUND_TRIP_SECONDS / WORKERS)
        self.requests += 1
        passed = (self._clock.now - self._at).total_seconds()
        self._free, self._at = min(self._free + passed * ALLOWED, ALLOWED), self._clock.now
        if self._free < 1:
            return Throttled("429", (1 - self._free) / ALLOWED)
        self._free -= 1
        return None


class BusyFacts(PatientFacts):
    """Reads the patient: two more requests, counted and refused alike."""

    def __init__(self, chart: BusyChart) -> None:
        self._chart = chart

    def of(self, patient: str) -> Answer:
        if self._chart.down:
            return NotSent("down")
        for _ in range(2):
            if refused := self._chart.refusal():
                return refused
        return KNOWN


class SlowFacts(PatientFacts):
    """Reads the patient in real time: writes are between their decision and the EHR meanwhile."""

    def of(self, patient: str) -> Answer:
        time.sleep(READ_SECONDS)
        return KNOWN


class TimedChart(PaperChart):
    """Notes when the write about each patient was begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: dict[str, float] = {}

    def create(self, new: Sequence[New]) -> Outcome:
        patient = new[0].resource["subject"]["reference"].removeprefix("Patient/")
        self.begun[patient] = time.monotonic()
        return super().create(new)


class Clock:
    """The bench's clock."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Drained:
    """How the queue went once the EHR was back; `seconds` by the clock that was turned."""

    seconds: float
    requests: int
    states: dict[str, int]
    in_order: bool

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def outage(folder: Path, queued: int) -> list[tuple[str, bool]]:
    """A day without the EHR, then everything that gathered, in each patient's order."""
    begun = time.monotonic()
    done = away_for_a_day(folder, queued)
    spent = time.monotonic() - begun
    print(
        f"24 h away, {queued} findings queued: drained in {done.seconds:.0f} s of its clock ",
        end="",
    )
    print(f"({done.rate:.0f} requests/s, {spent:.0f} s of ours with the day before), ", end="")
    print(f"{done.states}, in order: {done.in_order}")
    whole = set(done.states) == {"done"}
    return [
        ("drained < 10 min", done.seconds < 600 and whole),
        ("in patient order", done.in_order),
    ]


def away_for_a_day(folder: Path, queued: int, step: timedelta = STEP) -> Drained:
    """Queue findings through a day without the EHR, a `step` at a time; then let them go."""
    clock = Clock()
    with _store(folder, queued) as (store, people):
        chart = BusyChart(clock)
        delivery = _delivery(store, folder, Destination(chart, facts=BusyFacts(chart)), clock)
        chart.down = True
        _day_without(chart, delivery, clock, list(people.items()), step)
        chart.down, chart.requests, back = False, 0, clock.now
        while _left(store):
            if not delivery.deliver_next():
                clock.now += timedelta(seconds=0.05)
        seconds = (clock.now - back).total_seconds()
        return Drained(seconds, chart.requests, _states(store), _in_order(chart))


def _day_without(
    chart: BusyChart,
    delivery: Delivery,
    clock: Clock,
    people: list[tuple[str, int]],
    step: timedelta,
) -> None:
    """Everybody has a finding at some moment of the day, one in ten three days' steps as well."""
    steps = int(timedelta(hours=24) / step)
    for number in range(steps):
        share = people[number * len(people) // steps : (number + 1) * len(people) // steps]
        _find(delivery.engine, dict(share))
        _upload(delivery.engine, [person for name, person in share if name.endswith("0")])
        delivery.deliver_due()
        clock.now += step
    if chart.requests or chart.writes:
        raise SystemExit("the EHR that is away was written to")


def _in_order(chart: PaperChart) -> bool:
    """Whether each patient's days were written one after the other."""
    seen: dict[str, list[str]] = {}
    for each in chart.of_type("Observation"):
        if "valueQuantity" in each:
            days = seen.setdefault(each["subject"]["reference"], [])
            days.append(each["effectivePeriod"]["start"])
    return bool(seen) and all(days == sorted(days) and len(days) == DAYS for days in seen.values())


def consent(folder: Path, queued: int) -> list[tuple[str, bool]]:
    """From a random moment on one after the other withdraws: nothing is decided after it."""
    clock, chart, chance = Clock(), TimedChart(), random.Random(SEED)  # noqa: S311
    with _store(folder, queued) as (store, people):
        _find(store, people)
        delivery = _delivery(store, folder, Destination(chart, facts=SlowFacts()), clock)
        stop = threading.Event()
        thread = threading.Thread(target=delivery.run, args=(stop, 0.01))
        thread.start()
        moment = chance.randrange(queued // 10, queued // 2)
        wait_until(lambda: len(chart.begun) >= moment, 600, pause=0.05)
        withdrawn = {}
        for patient in chance.sample(sorted(people), queued):
            withdrawn[patient] = _withdraw(store, people[patient], patient)
        wait_until(lambda: _left(store) == 0, 600)
        stop.set()
        thread.join()
        after, states = _decided_after(store), _states(store)
    late = max(chart.begun[patient] - withdrawn[patient] for patient in chart.begun)
    print(f"consent withdrawn by each, from {moment} of {queued} sent on: {states}; ", end="")
    print(f"sends decided after it: {after}; the closest began {late * 1000:+.1f} ms from it")
    goal = after == 0 and states.get("parked", 0) > 0
    return [("no send decided after a revocation", goal), ("stopped within 1 s", late < 1)]


def _withdraw(store: Engine, person: int, patient: str) -> float:
    """Return when it was committed (monotonic)."""
    with writing(store) as connection:
        revoke(connection, person, [RHYTHM])
        what = {"tenant": "sandbox", "actor": "bench", "action": "bench.withdrawn"}
        audit_record(connection, **what, entity=patient, detail={})
    return time.monotonic()


def _decided_after(store: Engine) -> int:
    """Count rows that the audit trail shows taken for sending after their patient withdrew."""
    withdrawn = select(audit.c.sequence, audit.c.entity).where(audit.c.action == "bench.withdrawn")
    before = withdrawn.subquery()
    taken = (
        select(func.count())
        .select_from(audit)
        .join(outbox, audit.c.entity == literal("outbox/") + cast(outbox.c.id, String))
        .join(before, before.c.entity == outbox.c.patient_id)
        .where(audit.c.action == "outbox.inflight", audit.c.sequence > before.c.sequence)
    )
    with store.connect() as connection:
        return int(connection.execute(taken).scalar_one())


@contextmanager
def _store(folder: Path, patients: int) -> Iterator[tuple[Engine, dict[str, int]]]:
    store = open_database(folder / "wearables.db")
    metadata.create_all(store)
    people = {}
    with writing(store) as connection:
        for number in range(patients):
            name = f"p{number}"
            people[name] = person_for(connection, "sandbox", ISSUER, name, create=True) or 0
            record(connection, "sandbox", people[name], [RHYTHM, "steps"], "I agree")
    yield store, people
    store.dispose()


def _find(store: Engine, people: dict[str, int]) -> None:
    with writing(store) as connection:
        for patient, person in people.items():
            record_started(connection, detection(person, patient))


def _upload(store: Engine, people: Sequence[int]) -> None:
    with writing(store) as connection:
        for person in people:
            for number in range(DAYS):
                day = date(2026, 2, 20) + timedelta(days=number)
                day_changed(connection, person, day, "steps", 1000 + number, "{steps}")


def _delivery(store: Engine, folder: Path, destination: Destination, clock: Clock) -> Delivery:
    rules = replace(configured(), per_tenant=10**9)
    charts = {KEY: replace(destination, rules=rules)}
    identity = Identity.open(folder / "keys")
    return Delivery(store, charts, identity, clock=lambda: _ahead(clock), workers=WORKERS)


def _ahead(clock: Clock) -> datetime:
    """Rows are queued by the machine's clock, which must not run ahead of the bench's."""
    clock.now = max(clock.now, datetime.now(UTC))
    return clock.now


def _left(store: Engine) -> int:
    with store.connect() as connection:
        open_ones = outbox.c.state.not_in(SETTLED)
        return int(connection.execute(select(func.count()).where(open_ones)).scalar_one())


def _states(store: Engine) -> dict[str, int]:
    with store.connect() as connection:
        rows = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
        return {str(state): int(count) for state, count in rows}
