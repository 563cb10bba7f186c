"""Writes that wait for a person: what they are, why, what would be sent, and sending them again.

For the command line and for the page. Replaying is idempotent: a write is looked for in the chart
before it is sent, and one that waits for nobody is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from safeguards.audit import record
from safeguards.strict_json import loads
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.compose import compose
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.outbox import Refusal, item_of
from wearable_agg.delivery.states import State
from wearable_agg.delivery.writes import Write
from wearable_agg.people.registry import touch
from wearable_agg.store.audit_tables import audit
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.outbox_tables import outbox

WAITING = (State.PARKED, State.DEAD)
"""States that only a person ends."""


class UnknownLetter(Exception):
    """There is no such write."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One write: for whom, what, how far it came and why no further."""

    id: int
    tenant: str
    patient: str
    kind: str
    subject: str
    state: State
    reason: str
    attempts: int
    queued_at: datetime
    updated_at: datetime

    @property
    def waits(self) -> bool:
        """Whether it waits for a person."""
        return self.state in WAITING


@dataclass(frozen=True, slots=True)
class Move:
    """One step in the life of a write, from the audit trail."""

    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]


def letters(
    connection: Connection,
    tenant: str | None = None,
    states: Sequence[State] = WAITING,
    limit: int = 200,
) -> list[Letter]:
    """Return the writes in some states, those that wait longest first; by default the dead ones
    and those that wait for a person."""
    wanted = select(outbox).where(outbox.c.state.in_(states))
    if tenant is not None:
        wanted = wanted.where(outbox.c.tenant == tenant)
    rows = connection.execute(wanted.order_by(outbox.c.queued_at, outbox.c.id).limit(limit))
    return [_letter(row) for row in rows.mappings()]


def letter(connection: Connection, number: int) -> Letter:
    """Return one write. Raises UnknownLetter."""
    return _letter(_row(connection, number))


def history(connection: Connection, number: int) -> list[Move]:
    """Return every step of a write, the first one first."""
    rows = connection.execute(
        select(audit).where(audit.c.entity == f"outbox/{number}").order_by(audit.c.sequence)
    )
    return [
        Move(from_micros(row["at"]), row["actor"], row["action"], loads(row["detail"]))
        for row in rows.mappings()
    ]


def preview(
    connection: Connection,
    number: int,
    identity: Identity,
    personality: Personality,
    refusal: Refusal,
) -> tuple[Write, str]:
    """Return what would be sent now, and why it would not be ("" where it would).

    Raises UnknownLetter, and InvalidResource where that is what is wrong with it.
    """
    item = item_of(_row(connection, number), "preview")
    return compose(connection, item, identity, personality), refusal(connection, item)


def replay(connection: Connection, number: int, by: str, now: datetime) -> bool:
    """Let a write that waits for a person begin anew; False where it waits for nobody.

    It is looked for in the chart first. Joins the caller's write transaction.
    """
    row = _row(connection, number)
    if row["state"] not in WAITING:
        return False
    fresh = {"attempts": 0, "rejections": 0, "queued_at": to_micros(now), "next_at": to_micros(now)}
    connection.execute(
        update(outbox)
        .where(outbox.c.id == number)
        .values(
            state=State.UNKNOWN,
            reason="Sent again by a person",
            updated_at=to_micros(now),
            **fresh,
        )
    )
    record(
        connection,
        tenant=row["tenant"],
        actor=by,
        action="outbox.replayed",
        entity=f"outbox/{number}",
        detail={"from": row["state"], "reason": row["reason"]},
    )
    touch(connection, row["person_id"])
    return True


def _row(connection: Connection, number: int) -> RowMapping:
    found = connection.execute(select(outbox).where(outbox.c.id == number))
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownLetter(f"there is no write {number}")
    return row


def _letter(row: RowMapping) -> Letter:
    return Letter(
        id=row["id"],
        tenant=row["tenant"],
        patient=row["patient_id"],
        kind=row["kind"],
        subject=row["subject"],
        state=State(row["state"]),
        reason=row["reason"] or "",
        attempts=row["attempts"],
        queued_at=from_micros(row["queued_at"]),
        updated_at=from_micros(row["updated_at"]),
    )
