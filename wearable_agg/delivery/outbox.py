"""The outbox: what is to be written to a chart, taken in turn, each move durable and audited."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from safeguards.audit import record
from safeguards.strict_json import dumps, loads
from wearable_agg.delivery.states import HELD, SETTLED, Kind, State, Verdict
from wearable_agg.people.registry import EhrPatient, touch
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.outbox_tables import UNSETTLED, outbox


@dataclass(frozen=True, slots=True)
class Item:
    """A row taken by delivery: `verifying` says to look in the chart, not to send.

    `due_at` is when it was due, in microseconds: another time in the row since means news of what
    it is about. `unknown` names the facts about the patient that were not known when the rules were
    last asked.
    """

    id: int
    patient: EhrPatient
    person_id: int
    kind: Kind
    subject: str
    payload: Mapping[str, Any]
    generation: int
    attempts: int
    rejections: int
    queued_at: datetime
    attempt_id: str
    reference: str
    version: str
    verifying: bool
    due_at: int
    unknown: tuple[str, ...] = ()


Refusal = Callable[[Connection, Item], str]
"""Says why an item must not be sent now (consent withdrawn, ...), or ""."""


def take(
    connection: Connection,
    now: datetime,
    lease: timedelta,
    owner: str,
    refusal: Refusal,
    charts: Collection[tuple[str, str]] | None = None,
) -> Item | None:
    """Take the next row that is due, in the caller's write transaction; None where none is.

    A row to send is INFLIGHT from here on, which must be committed before anything is sent. At
    most one row of a patient is in flight, and rows of a lane are sent in the order they came. A
    row that `refusal` objects to is parked, and the next one is looked at. With `charts` only
    rows for these (tenant and issuer) are taken.
    """
    while (row := _next(connection, now, charts)) is not None:
        item = item_of(row, f"{owner}/{uuid.uuid4()}")
        reason = "" if item.verifying else refusal(connection, item)
        if not reason:
            _begin(connection, item, now, now + lease)
            return item
        _park(connection, item, now, reason)
    return None


def settle(connection: Connection, item: Item, verdict: Verdict, now: datetime) -> bool:
    """Record what became of an attempt; False where the row has been taken from us meanwhile.

    Where the payload changed during the attempt, the row is due again at once; so is one that was
    kept back while there came news of its finding.
    """
    row = connection.execute(select(outbox).where(outbox.c.id == item.id)).mappings().one()
    if row["attempt_id"] != item.attempt_id:
        audit_move(connection, item.patient.tenant, item.id, "late", {"state": verdict.state})
        return False
    state, next_at = _following(item, verdict, row)
    connection.execute(
        update(outbox)
        .where(outbox.c.id == item.id)
        .values(
            **_outcome(item, verdict, row["result"]),
            state=state,
            next_at=next_at,
            attempt_id=None,
            lease_until=None,
            updated_at=to_micros(now),
        )
    )
    detail = {"attempt": item.attempts, "reason": verdict.reason, "result": verdict.reference}
    audit_move(connection, item.patient.tenant, item.id, state, detail)
    if verdict.alarm:
        audit_move(connection, item.patient.tenant, item.id, "alarm", {"reason": verdict.reason})
    touch(connection, item.person_id)
    return True


def _following(item: Item, verdict: Verdict, row: RowMapping) -> tuple[State, int]:
    """Return the state after an attempt, and when the row is due in it."""
    next_at = to_micros(verdict.next_at)
    if verdict.state in SETTLED and row["generation"] != item.generation:
        return State.PENDING, next_at
    if row["next_at"] == item.due_at or not verdict.kept_back:
        return verdict.state, next_at
    state = State.PENDING if verdict.state is State.UNSENT else verdict.state
    return state, row["next_at"]


def note_unknown(connection: Connection, item: Item, unknown: Sequence[str]) -> None:
    """Keep with a write which facts about the patient were not known when the rules were asked."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == item.id, outbox.c.attempt_id == item.attempt_id)
        .values(unknown_facts=dumps(list(unknown)))
    )
    detail = {"unknown": list(unknown)}
    audit_move(connection, item.patient.tenant, item.id, "facts", detail)


def _outcome(item: Item, verdict: Verdict, result: str | None) -> dict[str, Any]:
    saved = {"reference": verdict.reference, "version": verdict.version}
    done = verdict.state is State.DONE
    return {
        "reason": verdict.reason or None,
        "rejections": verdict.rejections,
        "attempts": item.attempts if verdict.counts else max(item.attempts - 1, 0),
        "result": dumps(saved) if done else result,
        **({"sent_generation": item.generation} if done else {}),
    }


def is_due(
    connection: Connection, now: datetime, charts: Collection[tuple[str, str]] | None = None
) -> bool:
    """Tell whether `take` would find a row now."""
    return _next(connection, now, charts) is not None


def lost(connection: Connection, now: datetime, owner: str = "") -> Sequence[RowMapping]:
    """Return the rows whose lease is over, and all that `owner`, if given, ever took."""
    gone = outbox.c.lease_until <= to_micros(now)
    if owner:
        gone = or_(gone, outbox.c.attempt_id.startswith(f"{owner}/", autoescape=True))
    taken = select(outbox).where(UNSETTLED, outbox.c.attempt_id.is_not(None), gone)
    return connection.execute(taken).mappings().all()


def recover(
    connection: Connection,
    now: datetime,
    quarantine: Callable[[str], timedelta],
    owner: str = "",
) -> int:
    """Put rows whose sender died into the `quarantine` of their tenant; returns how many.

    With `owner` those that it took in an earlier life count as well, before their lease is over.
    """
    rows = lost(connection, now, owner)
    return sum(_lose(connection, row, now, quarantine(row["tenant"])) for row in rows)


def _lose(connection: Connection, row: RowMapping, now: datetime, quarantine: timedelta) -> int:
    """Nobody knows what became of a send; a look into the chart is simply due again."""
    sending = row["state"] == State.INFLIGHT
    next_at = to_micros(now + quarantine) if sending else row["next_at"]
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row["id"])
        .values(
            state=State.UNKNOWN,
            next_at=next_at,
            attempt_id=None,
            lease_until=None,
            reason="Interrupted while sending" if sending else row["reason"],
            updated_at=to_micros(now),
        )
    )
    audit_move(connection, row["tenant"], row["id"], State.UNKNOWN, {"reason": "interrupted"})
    return 1


def hurry(connection: Connection, tenant: str, issuer: str, now: datetime) -> None:
    """Let all rows of a chart that is in reach again be due, however long they were to wait."""
    connection.execute(
        update(outbox)
        .where(
            UNSETTLED,
            outbox.c.state == State.RETRY,
            outbox.c.tenant == tenant,
            outbox.c.issuer == issuer,
            outbox.c.attempt_id.is_(None),
        )
        .values(next_at=to_micros(now))
    )


def _next(
    connection: Connection, now: datetime, charts: Collection[tuple[str, str]] | None = None
) -> RowMapping | None:
    asked: dict[str, Any] = {"now": to_micros(now)}
    if charts is not None:
        asked["charts"] = list(charts)
    found = connection.execute(_free_and_due(of_some=charts is not None), asked)
    return found.mappings().one_or_none()


@cache
def _free_and_due(*, of_some: bool) -> Select[Any]:
    """Select the next row that is due at `now`, `of_some` `charts` or of any."""
    other = outbox.alias("other")
    same_patient = and_(
        other.c.tenant == outbox.c.tenant,
        other.c.issuer == outbox.c.issuer,
        other.c.patient_id == outbox.c.patient_id,
    )
    unsettled = text(f"other.{UNSETTLED.text}")  # spelled as in the partial index, to use it
    busy = exists().where(same_patient, unsettled, other.c.attempt_id.is_not(None))
    in_the_way = or_(  # what the rules hold back keeps only its own finding waiting
        other.c.reason.is_(None),
        ~other.c.reason.startswith(HELD, autoescape=True),
        other.c.subject == outbox.c.subject,
    )
    earlier = exists().where(
        same_patient,
        unsettled,
        other.c.lane == outbox.c.lane,
        other.c.id < outbox.c.id,
        in_the_way,
    )
    chart = tuple_(outbox.c.tenant, outbox.c.issuer)
    wanted = chart.in_(bindparam("charts", expanding=True)) if of_some else true()
    return (
        select(outbox)
        .where(UNSETTLED, outbox.c.next_at <= bindparam("now"), wanted, ~busy, ~earlier)
        .order_by(outbox.c.lane, outbox.c.id)
        .limit(1)
    )


def item_of(row: RowMapping, attempt_id: str) -> Item:
    """Return a row of the outbox as the item that delivery takes it for."""
    result = loads(row["result"]) if row["result"] else {"reference": "", "version": ""}
    return Item(
        id=row["id"],
        patient=EhrPatient(row["tenant"], row["issuer"], row["patient_id"]),
        person_id=row["person_id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        payload=loads(row["payload"]),
        generation=row["generation"],
        attempts=row["attempts"] + (row["state"] != State.UNKNOWN),
        rejections=row["rejections"],
        queued_at=from_micros(row["queued_at"]),
        attempt_id=attempt_id,
        reference=result["reference"],
        version=result["version"],
        verifying=row["state"] == State.UNKNOWN,
        due_at=row["next_at"],
        unknown=tuple(loads(row["unknown_facts"])),
    )


def _begin(connection: Connection, item: Item, now: datetime, lease_until: datetime) -> None:
    state = State.UNKNOWN if item.verifying else State.INFLIGHT
    connection.execute(
        update(outbox)
        .where(outbox.c.id == item.id)
        .values(
            state=state,
            attempts=item.attempts,
            attempt_id=item.attempt_id,
            lease_until=to_micros(lease_until),
            updated_at=to_micros(now),
        )
    )
    move = "verifying" if item.verifying else State.INFLIGHT
    audit_move(connection, item.patient.tenant, item.id, move, {"attempt": item.attempts})


def _park(connection: Connection, item: Item, now: datetime, reason: str) -> None:
    connection.execute(
        update(outbox)
        .where(outbox.c.id == item.id)
        .values(state=State.PARKED, reason=reason, updated_at=to_micros(now))
    )
    audit_move(connection, item.patient.tenant, item.id, State.PARKED, {"reason": reason})
    touch(connection, item.person_id)


def audit_move(
    connection: Connection, tenant: str, row: int, move: str, detail: Mapping[str, object]
) -> None:
    """Write a row's move into the audit trail, in the transaction of the move."""
    record(
        connection,
        tenant=tenant,
        actor="delivery",
        action=f"outbox.{move}",
        entity=f"outbox/{row}",
        detail=detail,
    )
