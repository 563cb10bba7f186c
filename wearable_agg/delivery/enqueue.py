"""Putting writes into the outbox: each has a key, so that queueing it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, insert, or_, select, update

from safeguards.strict_json import dumps
from wearable_agg.delivery import worklist
from wearable_agg.delivery.outbox import audit_move
from wearable_agg.delivery.states import HELD, LANES, SETTLED, Kind, State
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.clock import now_micros
from wearable_agg.store.outbox_tables import outbox


def add_flag(connection: Connection, patient: EhrPatient, person_id: int, finding_id: str) -> None:
    """Queue the Flag of a finding for one chart; nothing happens where it is queued already."""
    _put(connection, patient, person_id, Kind.FLAG, f"flag|{finding_id}", finding_id, {})
    worklist.add(connection, patient, person_id, finding_id)


def add_decision(
    connection: Connection,
    patient: EhrPatient,
    person_id: int,
    finding_id: str,
    decision_id: str,
    by: str,
) -> None:
    """Queue the mark that somebody, `by`, decided about a finding, for one chart."""
    payload = {"decision": decision_id}
    key = f"decision|{decision_id}"
    _put(connection, patient, person_id, Kind.DECISION, key, finding_id, payload)
    worklist.see(connection, patient, finding_id, by)


def reconsider(connection: Connection, finding_id: str) -> None:
    """Have the clinical rules asked again at once about a finding of which there is news.

    They may be at it this moment, with what was known before: `settle` sees the new `next_at`.
    """
    connection.execute(
        update(outbox)
        .where(
            outbox.c.subject == finding_id,
            or_(
                outbox.c.attempt_id.is_not(None),
                and_(
                    outbox.c.state == State.RETRY,
                    outbox.c.reason.startswith(HELD, autoescape=True),
                ),
            ),
        )
        .values(next_at=now_micros())
    )


def offer_again(connection: Connection, finding_id: str) -> None:
    """Take up a finding again that was kept out of the chart: it was reopened."""
    now = now_micros()
    again = {"state": State.PENDING, "next_at": now, "queued_at": now, "attempts": 0}
    rows = connection.execute(
        update(outbox)
        .where(
            outbox.c.subject == finding_id,
            outbox.c.kind == Kind.FLAG,
            outbox.c.state == State.UNSENT,
        )
        .values(**again, updated_at=now, reason=None)
        .returning(outbox.c.id, outbox.c.tenant)
    )
    for row in rows.all():
        audit_move(connection, row.tenant, row.id, "offered again", {})


def put_day(
    connection: Connection, patient: EhrPatient, person_id: int, payload: Mapping[str, Any]
) -> None:
    """Queue a day's total, or the corrected total of a day that was queued before.

    `payload` holds type, day, value and zone; the value None takes a total back. A change that
    comes while an older value is under way leads to another write after it.
    """
    subject = f"{payload['type']}|{payload['day']}"
    _put(connection, patient, person_id, Kind.DAY, f"day|{subject}", subject, payload)


def is_queued(connection: Connection, patient: EhrPatient, type: str, day: str) -> bool:
    """Tell whether a day's total was ever queued for a chart."""
    queued = select(outbox.c.id).where(
        outbox.c.tenant == patient.tenant,
        outbox.c.key == f"day|{type}|{day}|{patient.issuer}|{patient.patient_id}",
    )
    return connection.execute(queued).first() is not None


def _put(
    connection: Connection,
    patient: EhrPatient,
    person_id: int,
    kind: Kind,
    key: str,
    subject: str,
    payload: Mapping[str, Any],
) -> None:
    key = f"{key}|{patient.issuer}|{patient.patient_id}"
    text = dumps(payload)
    known = connection.execute(
        select(outbox).where(outbox.c.tenant == patient.tenant, outbox.c.key == key)
    )
    row = known.mappings().one_or_none()
    if row is None:
        _insert(connection, patient, person_id, kind, key, subject, text)
    elif row["payload"] != text:
        _replace(connection, row, text)


def _insert(
    connection: Connection,
    patient: EhrPatient,
    person_id: int,
    kind: Kind,
    key: str,
    subject: str,
    payload: str,
) -> None:
    now = now_micros()
    row = {"tenant": patient.tenant, "issuer": patient.issuer, "patient_id": patient.patient_id}
    counters = {"generation": 1, "sent_generation": 0, "attempts": 0, "rejections": 0}
    times = {"next_at": now, "created_at": now, "queued_at": now, "updated_at": now}
    made = connection.execute(
        insert(outbox)
        .values(
            **row,
            **counters,
            **times,
            person_id=person_id,
            lane=LANES[kind],
            kind=kind,
            key=key,
            subject=subject,
            payload=payload,
            state=State.PENDING,
        )
        .returning(outbox.c.id)
    ).scalar_one()
    audit_move(connection, patient.tenant, made, "queued", {"kind": kind})


def _replace(connection: Connection, row: RowMapping, payload: str) -> None:
    now = now_micros()
    changes: dict[str, Any] = {
        "payload": payload,
        "generation": row["generation"] + 1,
        "updated_at": now,
    }
    if row["state"] in SETTLED:
        changes |= {"state": State.PENDING, "next_at": now, "queued_at": now, "attempts": 0}
        changes |= {"rejections": 0, "reason": None}
    connection.execute(update(outbox).where(outbox.c.id == row["id"]).values(**changes))
    audit_move(
        connection, row["tenant"], row["id"], "changed", {"generation": row["generation"] + 1}
    )
