"""Merges that an EHR's records speak for: proposed to people, never done by themselves.

An EHR that merged two patients says so in the retired one (Patient.link, replaced-by). Whether both
are the same human is for a person to decide: until then each shows its own data, as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from safeguards.audit import record
from wearable_agg.people.registry import EhrPatient, person_for
from wearable_agg.people.work_items import (
    REPLACED_RECORD,
    REPLACING_RECORD,
    items_of,
    open_item,
    settle_item,
)
from wearable_agg.store.clock import from_micros
from wearable_agg.store.people_tables import ehr_patients, work_items

_EHR = "the EHR"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The EHR says that `surviving` stands for `retired`, a record of the same EHR."""

    retired: EhrPatient
    surviving: str
    made_at: datetime


def propose(connection: Connection, retired: EhrPatient, surviving: str) -> bool:
    """Tell both records' care teams what the EHR says; True where that is news.

    In a write transaction. Nothing is merged.
    """
    person_id = person_for(connection, retired.tenant, retired.issuer, retired.patient_id)
    if person_id is None or _is_merged(connection, retired) or surviving == retired.patient_id:
        return False
    if any(
        (one.kind, one.subject) == (REPLACED_RECORD, surviving)
        for one in items_of(connection, person_id)
    ):
        return False
    open_item(connection, retired.tenant, person_id, REPLACED_RECORD, surviving)
    other = person_for(connection, retired.tenant, retired.issuer, surviving)
    if other is not None:
        open_item(connection, retired.tenant, other, REPLACING_RECORD, retired.patient_id)
    record(
        connection,
        tenant=retired.tenant,
        actor=_EHR,
        action="people.merge_proposed",
        entity=f"Patient/{retired.patient_id}",
        detail={"issuer": retired.issuer, "into": surviving},
    )
    return True


def open_proposals(connection: Connection, tenant: str, issuer: str) -> list[Proposal]:
    """Return what is proposed of an EHR's records, the oldest first."""
    rows = connection.execute(
        select(ehr_patients.c.patient_id, work_items.c.subject, work_items.c.created_at)
        .join(ehr_patients, ehr_patients.c.person_id == work_items.c.person_id)
        .where(
            work_items.c.tenant == tenant,
            work_items.c.kind == REPLACED_RECORD,
            work_items.c.settled_at.is_(None),
            ehr_patients.c.issuer == issuer,
            ehr_patients.c.replaced_by.is_(None),
            ehr_patients.c.patient_id != work_items.c.subject,
        )
        .order_by(work_items.c.created_at, ehr_patients.c.patient_id)
    )
    return [
        Proposal(EhrPatient(tenant, issuer, patient), surviving, from_micros(at))
        for patient, surviving, at in rows
    ]


def known_records(connection: Connection, tenant: str, issuer: str) -> list[EhrPatient]:
    """Return the records of an EHR that are not merged into others, in order."""
    rows = connection.execute(
        select(ehr_patients.c.patient_id)
        .where(
            ehr_patients.c.tenant == tenant,
            ehr_patients.c.issuer == issuer,
            ehr_patients.c.replaced_by.is_(None),
        )
        .order_by(ehr_patients.c.patient_id)
    )
    return [EhrPatient(tenant, issuer, patient) for patient in rows.scalars()]


def settle(
    connection: Connection, people: Iterable[tuple[int, str, str]], by: str, by_name: str
) -> None:
    """Settle the open items of (person, kind, subject): somebody has decided."""
    for person_id, kind, subject in people:
        for one in items_of(connection, person_id):
            if (one.kind, one.subject) == (kind, subject):
                settle_item(connection, person_id, one.id, by, by_name)


def _is_merged(connection: Connection, patient: EhrPatient) -> bool:
    replaced = select(ehr_patients.c.replaced_by).where(
        ehr_patients.c.tenant == patient.tenant,
        ehr_patients.c.issuer == patient.issuer,
        ehr_patients.c.patient_id == patient.patient_id,
    )
    return connection.execute(replaced).scalar() is not None
