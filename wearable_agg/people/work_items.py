"""What only the care team can settle, kept where they look until somebody does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from wearable_agg.people.registry import touch
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.store.people_tables import work_items

SHARED_ACCOUNT = "shared-account"
"""Somebody tried to link an account that another person has linked; the subject is the vendor."""

REPLACED_RECORD = "replaced-record"
"""The EHR says that the record subject stands for this one."""

REPLACING_RECORD = "replacing-record"
"""The EHR says that this record stands for the record subject."""


class UnknownItem(Exception):
    """This person has no such open item."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One open item about a person."""

    id: str
    kind: str
    subject: str
    created_at: datetime


def open_item(connection: Connection, tenant: str, person_id: int, kind: str, subject: str) -> None:
    """Open an item, unless the same one is open already."""
    if any((one.kind, one.subject) == (kind, subject) for one in items_of(connection, person_id)):
        return
    connection.execute(
        work_items.insert().values(
            id=str(uuid.uuid4()),
            tenant=tenant,
            person_id=person_id,
            kind=kind,
            subject=subject,
            created_at=now_micros(),
        )
    )
    touch(connection, person_id)


def items_of(connection: Connection, person_id: int) -> list[WorkItem]:
    """Return a person's open items, the oldest first."""
    rows = connection.execute(
        select(work_items)
        .where(work_items.c.person_id == person_id, work_items.c.settled_at.is_(None))
        .order_by(work_items.c.created_at, work_items.c.id)
    )
    return [WorkItem(row.id, row.kind, row.subject, from_micros(row.created_at)) for row in rows]


def settle_item(
    connection: Connection, person_id: int, item_id: str, by: str, by_name: str
) -> None:
    """Say that somebody has settled an item; raises UnknownItem."""
    settled = connection.execute(
        update(work_items)
        .where(
            work_items.c.id == item_id,
            work_items.c.person_id == person_id,
            work_items.c.settled_at.is_(None),
        )
        .values(settled_at=now_micros(), settled_by=by, settled_by_name=by_name)
    )
    if not settled.rowcount:
        raise UnknownItem(item_id)
    touch(connection, person_id)
