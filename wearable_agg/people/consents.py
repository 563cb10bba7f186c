"""What a person allows: recorded per topic, asked per type, denied where nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from wearable_agg.measurements.types import TYPES
from wearable_agg.people.registry import touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import consents
from wearable_agg.store.upserts import insert

CARE = "care"
ACTIVE, REVOKED = "active", "revoked"


def permits(connection: Connection, person_id: int, data_type: str) -> bool:
    """Tell whether the person allows this type of data to be used for their care."""
    return data_type in permitted_types(connection, person_id)


def permitted_types(connection: Connection, person_id: int) -> frozenset[str]:
    """Return the types of measurement that the person allows to be used for their care."""
    topics = set(
        connection.execute(
            select(consents.c.data_type).where(
                consents.c.person_id == person_id,
                consents.c.purpose == CARE,
                consents.c.status == ACTIVE,
            )
        ).scalars()
    )
    return frozenset(kind.name for kind in TYPES.values() if kind.topic in topics)


def record(
    connection: Connection, tenant: str, person_id: int, topics: Iterable[str], wording: str
) -> None:
    """Record that the person agreed to `wording` for these topics, also where revoked before."""
    values = {"status": ACTIVE, "wording": wording, "recorded_at": now_micros(), "revoked_at": None}
    for topic in topics:
        row = {"tenant": tenant, "person_id": person_id, "data_type": topic, "purpose": CARE}
        connection.execute(
            insert(consents)
            .values(**row, **values)
            .on_conflict_do_update(
                index_elements=["person_id", "data_type", "purpose"], set_=values
            )
        )
    touch(connection, person_id)


def revoke(connection: Connection, person_id: int, topics: Iterable[str]) -> None:
    """Withdraw consent for these topics: nothing more is taken in, and nothing is shown."""
    connection.execute(
        update(consents)
        .where(consents.c.person_id == person_id, consents.c.data_type.in_(list(topics)))
        .values(status=REVOKED, revoked_at=now_micros())
    )
    touch(connection, person_id)
