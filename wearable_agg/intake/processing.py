"""The worker: turns what lies in the inbox into measurements, rollups and jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from safeguards.strict_json import Malformed
from safeguards.vault import Vault
from wearable_agg.intake import inbox
from wearable_agg.intake.inbox import Payload
from wearable_agg.intake.notices import unpack
from wearable_agg.intake.reactions import react
from wearable_agg.measurements.batch import Batch, batch_of
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.upsert import ChangedDay, write_batch
from wearable_agg.people.accounts import Account, account
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import touch
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Notification, Unusable, Vendor

PAYLOADS_AT_ONCE = 16
ROWS_PER_COMMIT = 5000
"""Bounds how long other writers of the same file wait."""

log = structlog.get_logger()


class DayListener(Protocol):
    """Is told, in the transaction of the change, which daily values of a person changed."""

    def __call__(
        self, connection: Connection, person_id: int, changed: Sequence[ChangedDay]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Understood:
    """A payload and what it says; `fault` is why it says nothing."""

    payload: Payload
    account: Account | None = None
    measurements: Sequence[Measurement] = ()
    notifications: Sequence[Notification] = ()
    fault: str | None = None


class Worker:
    """Works through the inbox; several workers may share it, each payload counts once."""

    def __init__(
        self, engine: Engine, vault: Vault, vendors: Mapping[str, Vendor], on_days: DayListener
    ) -> None:
        self._engine, self._vault = engine, vault
        self._vendors, self._on_days = vendors, on_days

    def step(self) -> int:
        """Deal with the oldest payloads; returns how many there were."""
        with self._engine.connect() as connection:
            payloads = inbox.waiting(connection, self._vault, PAYLOADS_AT_ONCE)
            owners = {
                number: account(connection, number)
                for number in {payload.account_id for payload in payloads}
                if number is not None
            }
        for group in _groups(self._understand(one, owners) for one in payloads):
            with writing(self._engine) as connection:
                self._write(connection, group)
        return len(payloads)

    def _understand(self, payload: Payload, owners: Mapping[int, Account]) -> Understood:
        if payload.account_id is None:
            return Understood(payload, notifications=unpack(payload.raw))
        owner = owners[payload.account_id]
        try:
            found = self._vendors[payload.vendor].parse(payload.kind, payload.raw, owner.timezone)
        except (Malformed, Unusable) as error:
            return Understood(payload, fault=f"{type(error).__name__}: {error}")
        except Exception as error:  # the edge: a parser's own fault must not stop the queue
            log.exception("parser failed", payload=payload.id, kind=payload.kind)
            return Understood(payload, fault=f"parser failed: {type(error).__name__}")
        return Understood(payload, owner, measurements=found)

    def _write(self, connection: Connection, group: Sequence[Understood]) -> None:
        batches: defaultdict[tuple[str, int], Batch] = defaultdict(Batch)
        for one in group:
            if one.fault is not None:
                inbox.settle(connection, one.payload, inbox.DEAD, one.fault)
            elif one.account is None:
                self._react(connection, one)
            else:
                whose = (one.account.tenant, one.account.person_id)
                allowed = permitted_types(connection, one.account.person_id)
                batch = batch_of(one.measurements, allowed)
                if inbox.settle(connection, one.payload, inbox.DONE, batch.refusals()):
                    batches[whose].add(batch)
        for (tenant, person_id), batch in batches.items():
            self._write_person(connection, tenant, person_id, batch)

    def _react(self, connection: Connection, one: Understood) -> None:
        vendor = one.payload.vendor
        notes = [react(connection, self._vendors, vendor, said) for said in one.notifications]
        reason = ", ".join(sorted({note for note in notes if note})) or None
        inbox.settle(connection, one.payload, inbox.DONE, reason)

    def _write_person(
        self, connection: Connection, tenant: str, person_id: int, batch: Batch
    ) -> None:
        written = write_batch(connection, tenant, person_id, batch)
        if written.new or written.amended:
            touch(connection, person_id)
        if written.days:
            self._on_days(connection, person_id, written.days)


def _groups(payloads: Iterable[Understood]) -> Iterator[list[Understood]]:
    """Gather payloads until there are rows enough for one commit."""
    group: list[Understood] = []
    rows = 0
    for one in payloads:
        group.append(one)
        rows += len(one.measurements)
        if rows >= ROWS_PER_COMMIT:
            yield group
            group, rows = [], 0
    if group:
        yield group
