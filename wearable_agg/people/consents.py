"""What a person allows: recorded per topic, asked per type, denied where nothing is recorded.

Whoever takes data in, shows or sends them asks here, in the transaction in which they do it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from wearable_agg.measurements.types import TYPES
from wearable_agg.people.registry import batched, touch
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.people_tables import consents
from wearable_agg.store.upserts import insert

CARE = "care"
ACTIVE, REVOKED = "active", "revoked"
RHYTHM = "rhythm"
"""The topic of ECG, heart rhythm and what is found in them."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said of one topic, in `wording`; `until` None is "until I withdraw it"."""

    topic: str
    purpose: str
    in_force: bool
    wording: str
    given_at: datetime
    until: datetime | None
    revoked_at: datetime | None


def in_force() -> ColumnElement[bool]:
    """Return the condition on a row of consents under which it allows care at this moment."""
    return and_(
        consents.c.purpose == CARE,
        consents.c.status == ACTIVE,
        or_(consents.c.expires_at.is_(None), consents.c.expires_at > now_micros()),
    )


def permitted_topics(connection: Connection, person_id: int) -> frozenset[str]:
    """Return the topics that the person allows to be used for their care, now."""
    allowed = select(consents.c.data_type).where(consents.c.person_id == person_id, in_force())
    return frozenset(connection.execute(allowed).scalars())


def permits_topic(connection: Connection, person_id: int, topic: str) -> bool:
    """Tell whether the person allows this topic to be used for their care, now."""
    return topic in permitted_topics(connection, person_id)


def sharing(connection: Connection, people: Collection[int], topic: str) -> frozenset[int]:
    """Return those of the people who allow this topic to be used for their care, now."""
    allowed: set[int] = set()
    for some in batched(sorted(people)):
        found = select(consents.c.person_id).where(
            consents.c.person_id.in_(some), consents.c.data_type == topic, in_force()
        )
        allowed.update(connection.execute(found).scalars())
    return frozenset(allowed)


def permitted_types(connection: Connection, person_id: int) -> frozenset[str]:
    """Return the types of measurement that the person allows to be used for their care, now."""
    topics = permitted_topics(connection, person_id)
    return frozenset(kind.name for kind in TYPES.values() if kind.topic in topics)


def permits(connection: Connection, person_id: int, data_type: str) -> bool:
    """Tell whether the person allows this type of data to be used for their care, now."""
    return data_type in permitted_types(connection, person_id)


def consents_of(connection: Connection, person_id: int) -> list[Consent]:
    """Return all that the person ever said, the latest word on each topic, by topic."""
    allowed = in_force().label("in_force")
    rows = connection.execute(
        select(consents, allowed)
        .where(consents.c.person_id == person_id)
        .order_by(consents.c.data_type, consents.c.purpose)
    )
    return [
        Consent(
            topic=row.data_type,
            purpose=row.purpose,
            in_force=bool(row.in_force),
            wording=row.wording,
            given_at=from_micros(row.recorded_at),
            until=None if row.expires_at is None else from_micros(row.expires_at),
            revoked_at=None if row.revoked_at is None else from_micros(row.revoked_at),
        )
        for row in rows
    ]


def record(
    connection: Connection,
    tenant: str,
    person_id: int,
    topics: Iterable[str],
    wording: str,
    until: datetime | None = None,
) -> None:
    """Record that the person agreed to `wording` for these topics, also where revoked before."""
    values = {
        "status": ACTIVE,
        "wording": wording,
        "recorded_at": now_micros(),
        "expires_at": None if until is None else to_micros(until),
        "revoked_at": None,
    }
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
        .where(
            consents.c.person_id == person_id,
            consents.c.data_type.in_(list(topics)),
            consents.c.status == ACTIVE,
        )
        .values(status=REVOKED, revoked_at=now_micros())
    )
    touch(connection, person_id)
