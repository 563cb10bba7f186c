"""Payloads that could not be worked on: what they are, why, and working on them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from safeguards.audit import record
from safeguards.vault import Vault
from wearable_agg.intake.inbox import DEAD, NEW, read_one
from wearable_agg.store.clock import from_micros
from wearable_agg.store.intake_tables import inbox

OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One of them; `account_id` is None for a notification."""

    id: int
    tenant: str
    vendor: str
    account_id: int | None
    kind: str
    arrived_at: datetime
    reason: str


def dead_letters(connection: Connection, vendor: str | None = None) -> list[DeadLetter]:
    """Return every dead letter, of one vendor where it is named, in order of arrival."""
    query = select(inbox).where(inbox.c.state == DEAD)
    if vendor is not None:
        query = query.where(inbox.c.vendor == vendor)
    rows = connection.execute(query.order_by(inbox.c.arrived_at, inbox.c.id))
    return [_letter(row) for row in rows]


def dead_letter(connection: Connection, payload_id: int) -> DeadLetter:
    """Return one; raises KeyError where there is none of this number."""
    row = connection.execute(
        select(inbox).where(inbox.c.id == payload_id, inbox.c.state == DEAD)
    ).one_or_none()
    if row is None:
        raise KeyError(payload_id)
    return _letter(row)


def payload_of(connection: Connection, vault: Vault, letter: DeadLetter) -> bytes:
    """Return the raw payload and write who looked into the audit, in a write transaction."""
    raw = read_one(connection, vault, letter.id).raw
    _audit(connection, letter, "dead-letter.read")
    return raw


def replay(connection: Connection, letters: Sequence[DeadLetter]) -> int:
    """Give letters back to the worker; returns how many still were dead.

    They keep the time of their arrival: what came since is not overwritten by them.
    """
    count = 0
    for letter in letters:
        moved = connection.execute(
            update(inbox)
            .where(inbox.c.id == letter.id, inbox.c.state == DEAD)
            .values(state=NEW, reason=None, replayed=True)
        ).rowcount
        if moved:
            count += 1
            _audit(connection, letter, "dead-letter.replayed")
    return count


def _audit(connection: Connection, letter: DeadLetter, action: str) -> None:
    record(
        connection,
        tenant=letter.tenant,
        actor=OPERATOR,
        action=action,
        entity=f"payload/{letter.id}",
        detail={"vendor": letter.vendor, "kind": letter.kind},
    )


def _letter(row: Row[tuple[object, ...]]) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        tenant=row.tenant,
        vendor=row.vendor,
        account_id=row.account_id,
        kind=row.kind,
        arrived_at=from_micros(row.arrived_at),
        reason=row.reason or "",
    )
