"""Two patient records of one human: merged, and taken apart again, with nothing lost.

A merge moves no data. The retired record and everything that belongs to its person stay where they
are; the record is answered for the surviving person, whose data from then on are read together
with those of the person merged into them. So taking a merge back restores what was, and what came
meanwhile belongs to the account or record that it came by. What waits to be written into the
retired chart is parked; open findings and totals that did not get there are queued for the
surviving one, once. After an unmerge each chart is told only of its own person again, but for
findings that were written into the surviving one meanwhile: they are named in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select, update

from safeguards.audit import record
from safeguards.strict_json import dumps, loads
from wearable_agg.delivery.following import WAITING, days_kept_out, days_of, follow, return_to
from wearable_agg.delivery.patient_facts import MERGED
from wearable_agg.intake.day_totals import tell_again
from wearable_agg.people.proposals import settle
from wearable_agg.people.registry import EhrPatient, person_for, survivor_of, touch
from wearable_agg.people.work_items import REPLACED_RECORD, REPLACING_RECORD
from wearable_agg.store.clock import now_micros
from wearable_agg.store.outbox_tables import NEWS, outbox
from wearable_agg.store.people_tables import ehr_patients, person_merges, persons

PARKED = "parked"


class CannotMerge(Exception):
    """These records cannot be merged or taken apart; the message says why."""


def merge(connection: Connection, retired: EhrPatient, surviving: str, by: str) -> int:
    """Merge a record into the record `surviving` of the same EHR; returns the merge's id.

    In the caller's write transaction. Raises CannotMerge where a record is not known, is merged
    already, or others are merged into the retired one.
    """
    gone, kept = _person(connection, retired), _person(connection, _sibling(retired, surviving))
    _check(connection, gone, kept)
    moved = _park(connection, retired)
    now = now_micros()
    merged = connection.execute(
        person_merges.insert()
        .values(
            tenant=retired.tenant,
            issuer=retired.issuer,
            retired_patient=retired.patient_id,
            surviving_patient=surviving,
            retired_person=gone,
            surviving_person=kept,
            moved=dumps(moved),
            merged_at=now,
            merged_by=by,
        )
        .returning(person_merges.c.id)
    ).scalar_one()
    _point(connection, retired, kept, surviving)
    connection.execute(update(persons).where(persons.c.id == gone).values(merged_into=kept))
    _note(connection, retired, "people.merged", by, {"into": surviving, "parked": len(moved)})
    decided = ((gone, REPLACED_RECORD, surviving), (kept, REPLACING_RECORD, retired.patient_id))
    settle(connection, decided, by, by)
    follow(connection, retired)
    tell_again(connection, kept, _dates(days_kept_out(connection, retired)))
    _touch(connection, gone, kept)
    return int(merged)


def unmerge(connection: Connection, retired: EhrPatient, by: str) -> None:
    """Take the merge of a record back, in the caller's write transaction; raises CannotMerge."""
    made = connection.execute(
        select(person_merges).where(
            person_merges.c.tenant == retired.tenant,
            person_merges.c.issuer == retired.issuer,
            person_merges.c.retired_patient == retired.patient_id,
            person_merges.c.undone_at.is_(None),
        )
    ).one_or_none()
    if made is None:
        raise CannotMerge(f"{retired.patient_id} is not merged into another record")
    _point(connection, retired, made.retired_person, None)
    connection.execute(
        update(persons).where(persons.c.id == made.retired_person).values(merged_into=None)
    )
    connection.execute(
        update(person_merges)
        .where(person_merges.c.id == made.id)
        .values(undone_at=now_micros(), undone_by=by)
    )
    _unpark(connection, made)
    left = _sibling(retired, made.surviving_patient)
    return_to(connection, retired, left, made.retired_person)
    days = _dates(days_of(connection, left, since=made.merged_at))
    for person_id in (made.retired_person, made.surviving_person):
        tell_again(connection, person_id, days)
    written = _written(connection, left, made.retired_person)
    detail = {"from": made.surviving_patient, "findings_in_its_chart": written}
    _note(connection, retired, "people.unmerged", by, detail)
    _touch(connection, made.retired_person, made.surviving_person)


def _person(connection: Connection, patient: EhrPatient) -> int:
    found = person_for(connection, patient.tenant, patient.issuer, patient.patient_id)
    if found is None:
        raise CannotMerge(f"nothing is known of {patient.patient_id}")
    return found


def _check(connection: Connection, gone: int, kept: int) -> None:
    if gone == kept:
        raise CannotMerge("both records are one person already")
    if survivor_of(connection, kept) != kept:
        raise CannotMerge("the surviving record is itself merged into another one")
    others = select(persons.c.id).where(persons.c.merged_into == gone)
    if connection.execute(others).first() is not None:
        raise CannotMerge("others are merged into the retired record: take them apart first")


def _sibling(patient: EhrPatient, patient_id: str) -> EhrPatient:
    return EhrPatient(patient.tenant, patient.issuer, patient_id)


def _point(
    connection: Connection, patient: EhrPatient, person_id: int, replaced_by: str | None
) -> None:
    connection.execute(
        update(ehr_patients)
        .where(
            ehr_patients.c.tenant == patient.tenant,
            ehr_patients.c.issuer == patient.issuer,
            ehr_patients.c.patient_id == patient.patient_id,
        )
        .values(person_id=person_id, replaced_by=replaced_by)
    )


def _park(connection: Connection, patient: EhrPatient) -> list[dict[str, Any]]:
    """Park what waits for the retired chart; returns each row as it was."""
    waiting = (
        outbox.c.tenant == patient.tenant,
        outbox.c.issuer == patient.issuer,
        outbox.c.patient_id == patient.patient_id,
        outbox.c.state.in_(WAITING),
    )
    rows = connection.execute(select(outbox.c.id, outbox.c.state, outbox.c.reason).where(*waiting))
    was = [{"id": row.id, "state": row.state, "reason": row.reason} for row in rows]
    connection.execute(
        update(outbox).where(*waiting).values(state=PARKED, reason=MERGED, updated_at=now_micros())
    )
    return was


def _unpark(connection: Connection, made: Row[Any]) -> None:
    for was in loads(made.moved):
        connection.execute(
            update(outbox)
            .where(outbox.c.id == was["id"], outbox.c.state == PARKED, outbox.c.reason == MERGED)
            .values(state=was["state"], reason=was["reason"], updated_at=now_micros())
        )


def _dates(subjects: Iterable[tuple[str, str]]) -> set[tuple[str, date]]:
    return {(kind, date.fromisoformat(day)) for kind, day in subjects}


def _written(connection: Connection, record: EhrPatient, person_id: int) -> list[str]:
    """Return the findings of a person that are, or may be, in a record's chart."""
    rows = connection.execute(
        select(outbox.c.subject).where(
            NEWS,
            outbox.c.tenant == record.tenant,
            outbox.c.issuer == record.issuer,
            outbox.c.patient_id == record.patient_id,
            outbox.c.person_id == person_id,
        )
    )
    return sorted(rows.scalars())


def _note(
    connection: Connection, patient: EhrPatient, action: str, by: str, detail: Mapping[str, object]
) -> None:
    record(
        connection,
        tenant=patient.tenant,
        actor=by,
        action=action,
        entity=f"Patient/{patient.patient_id}",
        detail={"issuer": patient.issuer, **detail},
    )


def _touch(connection: Connection, *people: int) -> None:
    for person_id in people:
        touch(connection, person_id)
