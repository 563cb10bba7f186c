"""Writes that follow a person whose records are merged, or taken apart again.

Each is addressed to one chart. What was kept out of a chart only because its record was merged is
decided anew: queued once for the record that stands for the person now.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from clinical.findings import OPEN_STATES
from wearable_agg.delivery import worklist
from wearable_agg.delivery.enqueue import add_flag
from wearable_agg.delivery.outbox import audit_move
from wearable_agg.delivery.patient_facts import MERGED
from wearable_agg.delivery.permission import OTHERS_RECORD
from wearable_agg.delivery.states import Kind, State
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.clock import now_micros
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.outbox_tables import outbox
from wearable_agg.store.people_tables import ehr_patients

WAITING = (State.PENDING, State.RETRY)


def follow(connection: Connection, retired: EhrPatient) -> int:
    """Queue open findings for the chart that stands for a merged record; returns how many.

    Those of its person whose write is parked for the merge, or was when the records were merged
    before. In the caller's write transaction; a record that is not merged is left alone.
    """
    surviving = _replacement(connection, retired)
    if surviving is None:
        return 0
    rows = connection.execute(
        select(outbox.c.person_id, outbox.c.subject)
        .join(findings, findings.c.id == outbox.c.subject)
        .where(
            _kept_out(retired),
            outbox.c.kind == Kind.FLAG,
            findings.c.state.in_(OPEN_STATES),
        )
        .order_by(outbox.c.id)
    ).all()
    for row in rows:
        add_flag(connection, surviving, row.person_id, row.subject)
    for person_id in {row.person_id for row in rows}:
        _take_up(connection, and_(_of(surviving, person_id), outbox.c.reason == OTHERS_RECORD))
    return len(rows)


def return_to(connection: Connection, record: EhrPatient, left: EhrPatient, person_id: int) -> None:
    """Have a person's record written to again, and `left` no more, for they are taken apart.

    What is not in the chart of `left` goes to the record's own; whether that is still merged by its
    EHR's word is asked before each write.
    """
    waiting = and_(
        _of(left, person_id),
        outbox.c.kind == Kind.FLAG,
        outbox.c.state.in_(WAITING),
        outbox.c.sent_generation == 0,
    )
    gone = connection.execute(
        delete(outbox).where(waiting).returning(outbox.c.id, outbox.c.subject)
    )
    for row in sorted(tuple(one) for one in gone):
        number, finding_id = row
        audit_move(connection, left.tenant, number, "taken out", {"reason": OTHERS_RECORD})
        worklist.remove(connection, left, finding_id)
        add_flag(connection, record, person_id, finding_id)
    _take_up(connection, _kept_out(record))


def days_of(connection: Connection, record: EhrPatient, since: int) -> set[tuple[str, str]]:
    """Return (type, day) of the totals queued for a record or changed since (microseconds)."""
    rows = connection.execute(
        select(outbox.c.subject).where(
            _at(record), outbox.c.kind == Kind.DAY, outbox.c.updated_at >= since
        )
    )
    return {tuple(subject.split("|", 1)) for subject in rows.scalars()}


def days_kept_out(connection: Connection, record: EhrPatient) -> set[tuple[str, str]]:
    """Return (type, day) of the totals that are parked because the record was merged."""
    rows = connection.execute(
        select(outbox.c.subject).where(_kept_out(record), outbox.c.kind == Kind.DAY)
    )
    return {tuple(subject.split("|", 1)) for subject in rows.scalars()}


def _replacement(connection: Connection, retired: EhrPatient) -> EhrPatient | None:
    replaced_by = connection.execute(
        select(ehr_patients.c.replaced_by).where(
            ehr_patients.c.tenant == retired.tenant,
            ehr_patients.c.issuer == retired.issuer,
            ehr_patients.c.patient_id == retired.patient_id,
        )
    ).scalar()
    return EhrPatient(retired.tenant, retired.issuer, replaced_by) if replaced_by else None


def _at(record: EhrPatient) -> ColumnElement[bool]:
    return and_(
        outbox.c.tenant == record.tenant,
        outbox.c.issuer == record.issuer,
        outbox.c.patient_id == record.patient_id,
    )


def _of(record: EhrPatient, person_id: int) -> ColumnElement[bool]:
    return and_(_at(record), outbox.c.person_id == person_id)


def _kept_out(record: EhrPatient) -> ColumnElement[bool]:
    """What is parked for the merge alone, and in no chart."""
    return and_(
        _at(record),
        outbox.c.state == State.PARKED,
        outbox.c.reason == MERGED,
        outbox.c.sent_generation == 0,
    )


def _take_up(connection: Connection, which: ColumnElement[bool]) -> None:
    now = now_micros()
    again: dict[str, Any] = {"state": State.PENDING, "next_at": now, "queued_at": now}
    rows = connection.execute(
        update(outbox)
        .where(which, outbox.c.state == State.PARKED)
        .values(**again, attempts=0, reason=None, updated_at=now)
        .returning(outbox.c.id, outbox.c.tenant)
    )
    for row in rows.all():
        audit_move(connection, row.tenant, row.id, "offered again", {})
