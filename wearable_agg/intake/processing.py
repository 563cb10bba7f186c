"""The worker: turns what lies in the inbox into measurements, rollups and jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine, update

from safeguards.strict_json import Malformed
from safeguards.vault import Vault
from wearable_agg.intake import inbox, reconciling
from wearable_agg.intake.inbox import Payload
from wearable_agg.intake.keeping import PersonsShare, keep_share
from wearable_agg.intake.notices import unpack
from wearable_agg.intake.reactions import react
from wearable_agg.intake.reconciling import WHOLE, Told
from wearable_agg.measurements.model import Record
from wearable_agg.measurements.upsert import ChangedDay
from wearable_agg.people.accounts import Account, account
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import survivor_of, touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.findings import Quarantined
from wearable_agg.vendors.protocol import Notification, Unusable, Vendor

PAYLOADS_AT_ONCE = 16
ROWS_PER_COMMIT = 5000
"""Bounds how long other writers of the same file wait."""

log = structlog.get_logger()


class Reader(Protocol):
    """What reads the payloads of vendors that are not asked, but push."""

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> Sequence[Record | Quarantined]:
        """Read a payload; raises Malformed and Unusable."""


class DayListener(Protocol):
    """Is told, in the transaction of the change, which daily values of a person changed."""

    def __call__(
        self, connection: Connection, person_id: int, changed: Sequence[ChangedDay]
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Understood:
    """A payload and what it says; `fault` is why it says nothing.

    `told` is everything that the window tells whose note this is.
    """

    payload: Payload
    account: Account | None = None
    records: Sequence[Record | Quarantined] = ()
    notifications: Sequence[Notification] = ()
    told: Told = frozenset()
    fault: str | None = None


class Worker:
    """Works through the inbox; several workers may share it, each payload counts once."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        vendors: Mapping[str, Vendor],
        on_days: DayListener,
        readers: Mapping[str, Reader] | None = None,
    ) -> None:
        self._engine, self._vault = engine, vault
        self._vendors, self._on_days = vendors, on_days
        self._readers: dict[str, Reader] = {**vendors, **(readers or {})}

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
        owner = None if payload.account_id is None else owners[payload.account_id]
        try:
            if owner is None:
                return Understood(payload, notifications=self._notices(payload))
            if payload.kind == WHOLE:
                vendor = self._vendors[payload.vendor]
                told = reconciling.told_by(self._engine, self._vault, vendor, owner, payload)
                return Understood(payload, owner, told=told)
            found = self._readers[payload.vendor].parse(payload.kind, payload.raw, owner.timezone)
        except (Malformed, Unusable) as error:
            return Understood(payload, fault=f"{type(error).__name__}: {error}")
        except Exception as error:  # the edge: a parser's own fault must not stop the queue
            log.exception("parser failed", payload=payload.id, kind=payload.kind)
            return Understood(payload, fault=f"parser failed: {type(error).__name__}")
        return Understood(payload, owner, found)

    def _notices(self, payload: Payload) -> list[Notification]:
        """Read a notification back: packed when it was verified, raw where it could not be read."""
        try:
            return unpack(payload.raw)
        except (ValueError, KeyError, TypeError):
            return self._vendors[payload.vendor].reread(payload.raw)

    def _write(self, connection: Connection, group: Sequence[Understood]) -> None:
        shares: defaultdict[tuple[str, int, str, int | None], PersonsShare] = defaultdict(
            PersonsShare
        )
        notes = []
        for one in group:
            payload, owner = one.payload, one.account
            if one.fault is not None:
                inbox.settle(connection, payload, inbox.DEAD, one.fault)
            elif owner is None:
                self._react(connection, one)
            elif payload.kind == WHOLE:
                notes.append((one, owner))
            else:
                allowed = permitted_types(connection, owner.person_id)
                share = PersonsShare.of(one.records, allowed, owner.id)
                if inbox.settle(connection, payload, inbox.DONE, share.batch.refusals()):
                    replay_of = payload.arrived_at if payload.replayed else None
                    whose = (owner.tenant, owner.person_id, payload.vendor, replay_of)
                    shares[whose].add(share)
        for (tenant, person_id, vendor, replay_of), share in shares.items():
            self._keep(connection, tenant, person_id, vendor, replay_of, share)
        for one, owner in notes:
            self._take_back(connection, one, owner)

    def _react(self, connection: Connection, one: Understood) -> None:
        vendor = one.payload.vendor
        notes = [react(connection, self._vendors, vendor, said) for said in one.notifications]
        reason = ", ".join(sorted({note for note in notes if note})) or None
        inbox.settle(connection, one.payload, inbox.DONE, reason)

    def _keep(
        self,
        connection: Connection,
        tenant: str,
        person_id: int,
        vendor: str,
        replay_of: int | None,
        share: PersonsShare,
    ) -> None:
        news, days = keep_share(
            connection, self._vault, tenant, person_id, vendor, share, replay_of
        )
        if news:
            touch(connection, person_id)
            connection.execute(
                update(vendor_accounts)
                .where(vendor_accounts.c.id.in_(share.accounts))
                .values(last_data_at=now_micros())
            )
        if days:
            self._on_days(connection, survivor_of(connection, person_id), days)

    def _take_back(self, connection: Connection, one: Understood, owner: Account) -> None:
        payload = one.payload
        if reconciling.still_waiting(connection, payload):
            return
        vendor = self._vendors[payload.vendor]
        count, days, reason = reconciling.take_back(connection, vendor, owner, payload, one.told)
        inbox.settle(connection, payload, inbox.DONE, reason)
        if count:
            touch(connection, owner.person_id)
        if days:
            self._on_days(connection, survivor_of(connection, owner.person_id), days)


def _groups(payloads: Iterable[Understood]) -> Iterator[list[Understood]]:
    """Gather payloads until there are rows enough for one commit."""
    group: list[Understood] = []
    rows = 0
    for one in payloads:
        group.append(one)
        rows += len(one.records)
        if rows >= ROWS_PER_COMMIT:
            yield group
            group, rows = [], 0
    if group:
        yield group
