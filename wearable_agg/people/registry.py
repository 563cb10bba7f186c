"""Which person stands behind an EHR's patient record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, or_, select, update

from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import ehr_patients, persons

UNKNOWN_TIMEZONE = "UTC"
AT_ONCE = 500
"""Values that one statement asks for: SQLite takes some thousands, its planner less gladly."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class EhrPatient:
    """A patient record in one EHR."""

    tenant: str
    issuer: str
    patient_id: str


def person_for(
    connection: Connection,
    tenant: str,
    issuer: str,
    patient_id: str,
    create: bool = False,
    timezone: str = UNKNOWN_TIMEZONE,
) -> int | None:
    """Return the person behind an EHR record, or None.

    With `create` a person is made where none is known (needs a write transaction); `timezone` is
    the IANA zone to assume for a new person until a vendor account tells theirs.
    """
    found = connection.execute(
        select(ehr_patients.c.person_id).where(
            ehr_patients.c.tenant == tenant,
            ehr_patients.c.issuer == issuer,
            ehr_patients.c.patient_id == patient_id,
        )
    ).scalar()
    if found is not None or not create:
        return found
    return _new_person(connection, EhrPatient(tenant, issuer, patient_id), timezone)


def people_behind(
    connection: Connection, patients: Collection[EhrPatient]
) -> dict[EhrPatient, int]:
    """Return the person behind each EHR record that is known, asked for all at once."""
    hospitals: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for patient in patients:
        hospitals[patient.tenant, patient.issuer].append(patient.patient_id)
    found: dict[EhrPatient, int] = {}
    for (tenant, issuer), ids in hospitals.items():
        for some in batched(ids):
            rows = connection.execute(
                select(ehr_patients.c.patient_id, ehr_patients.c.person_id).where(
                    ehr_patients.c.tenant == tenant,
                    ehr_patients.c.issuer == issuer,
                    ehr_patients.c.patient_id.in_(some),
                )
            )
            found |= {EhrPatient(tenant, issuer, row.patient_id): row.person_id for row in rows}
    return found


def members(person: ColumnElement[int], person_id: int) -> ColumnElement[bool]:
    """Return the condition that a row is of this person or of one merged into them."""
    merged = select(persons.c.id).where(persons.c.merged_into == person_id)
    return or_(person == person_id, person.in_(merged))


def survivor_of(connection: Connection, person_id: int) -> int:
    """Return the person that this one was merged into, or itself."""
    into = connection.execute(
        select(persons.c.merged_into).where(persons.c.id == person_id)
    ).scalar()
    return person_id if into is None else int(into)


def people_of(connection: Connection, person_id: int) -> list[int]:
    """Return this person and those merged into them."""
    both = select(persons.c.id).where(members(persons.c.id, person_id)).order_by(persons.c.id)
    return list(connection.execute(both).scalars())


def patients_of(connection: Connection, person_id: int) -> list[EhrPatient]:
    """Return every EHR record in force of a person, or of whom they were merged into, in order."""
    person_id = survivor_of(connection, person_id)
    rows = connection.execute(
        select(ehr_patients.c.tenant, ehr_patients.c.issuer, ehr_patients.c.patient_id)
        .where(ehr_patients.c.person_id == person_id, ehr_patients.c.replaced_by.is_(None))
        .order_by(ehr_patients.c.tenant, ehr_patients.c.issuer, ehr_patients.c.patient_id)
    )
    return [EhrPatient(*row) for row in rows]


def timezone_of(connection: Connection, person_id: int) -> ZoneInfo:
    """Return the zone of the person's local days; raises KeyError for an unknown person."""
    name = connection.execute(select(persons.c.timezone).where(persons.c.id == person_id)).scalar()
    if name is None:
        raise KeyError(person_id)
    return ZoneInfo(name)


def tenant_of(connection: Connection, person_id: int) -> str:
    """Return the hospital that knows the person; raises NoResultFound for an unknown one."""
    known = select(persons.c.tenant).where(persons.c.id == person_id)
    return str(connection.execute(known).scalar_one())


def data_version(connection: Connection, person_id: int) -> int:
    """Return the number that grows whenever an answer about the person may have changed."""
    return int(
        connection.execute(
            select(persons.c.data_version).where(persons.c.id == person_id)
        ).scalar_one()
    )


def touch(connection: Connection, person_id: int) -> None:
    """Say that answers about the person, and whom they were merged into, may differ now."""
    into = select(persons.c.merged_into).where(persons.c.id == person_id).scalar_subquery()
    connection.execute(
        update(persons)
        .where(or_(persons.c.id == person_id, persons.c.id == into))
        .values(data_version=persons.c.data_version + 1)
    )


def touch_all(connection: Connection, people: Collection[int]) -> None:
    """Do for many what `touch` does for one."""
    for some in batched(sorted(people)):
        into = select(persons.c.merged_into).where(
            persons.c.id.in_(some), persons.c.merged_into.is_not(None)
        )
        connection.execute(
            update(persons)
            .where(or_(persons.c.id.in_(some), persons.c.id.in_(into)))
            .values(data_version=persons.c.data_version + 1)
        )


def batched(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Cut values into parts that one statement takes."""
    for first in range(0, len(values), AT_ONCE):
        yield values[first : first + AT_ONCE]


def move_to_timezone(connection: Connection, person_id: int, name: str) -> None:
    """Take `name` (IANA) as the zone of the person's local days; raises KeyError if unknown."""
    ZoneInfo(name)
    connection.execute(update(persons).where(persons.c.id == person_id).values(timezone=name))
    touch(connection, person_id)


def _new_person(connection: Connection, patient: EhrPatient, timezone: str) -> int:
    now = now_micros()
    person_id = int(
        connection.execute(
            persons.insert()
            .values(tenant=patient.tenant, timezone=timezone, created_at=now)
            .returning(persons.c.id)
        ).scalar_one()
    )
    connection.execute(
        ehr_patients.insert().values(
            tenant=patient.tenant,
            issuer=patient.issuer,
            patient_id=patient.patient_id,
            person_id=person_id,
            created_at=now,
        )
    )
    return person_id
