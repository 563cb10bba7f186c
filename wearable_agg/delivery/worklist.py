"""Wristchart's own work-list: every finding stands on it from the start, whatever an EHR takes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, select, update

from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.clock import now_micros
from wearable_agg.store.delivery_tables import worklist


def add(connection: Connection, patient: EhrPatient, person_id: int, finding_id: str) -> None:
    """Put a finding on the list, once, in the transaction that makes it."""
    if connection.execute(select(worklist.c.added_at).where(_row(patient, finding_id))).first():
        return
    connection.execute(
        insert(worklist).values(
            tenant=patient.tenant,
            issuer=patient.issuer,
            patient_id=patient.patient_id,
            finding_id=finding_id,
            person_id=person_id,
            added_at=now_micros(),
        )
    )


def remove(connection: Connection, patient: EhrPatient, finding_id: str) -> None:
    """Take a finding off the list of a record that it is not of."""
    connection.execute(delete(worklist).where(_row(patient, finding_id)))


def see(connection: Connection, patient: EhrPatient, finding_id: str, by: str) -> None:
    """Note who saw a finding, in the transaction of that decision."""
    seen = {"seen_at": now_micros(), "seen_by": by}
    connection.execute(update(worklist).where(_row(patient, finding_id)).values(**seen))


def unseen(connection: Connection, tenant: str, limit: int = 200) -> Sequence[RowMapping]:
    """Return what nobody has seen yet of a tenant, the oldest first."""
    rows = (
        select(worklist)
        .where(worklist.c.tenant == tenant, worklist.c.seen_at.is_(None))
        .order_by(worklist.c.added_at, worklist.c.finding_id)
        .limit(limit)
    )
    return connection.execute(rows).mappings().all()


def _row(patient: EhrPatient, finding_id: str) -> ColumnElement[bool]:
    return and_(
        worklist.c.tenant == patient.tenant,
        worklist.c.issuer == patient.issuer,
        worklist.c.patient_id == patient.patient_id,
        worklist.c.finding_id == finding_id,
    )
