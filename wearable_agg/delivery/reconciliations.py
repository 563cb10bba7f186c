"""What each reconciliation found, kept for the page and for when the next one is owed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, insert, select, update

from wearable_agg.delivery.gates import Key
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.delivery_tables import reconciliations

AFTER_START = timedelta(minutes=5)
"""A process that is started again and again does not reconcile each time."""


@dataclass(slots=True)
class Tally:
    """Counts of one reconciliation.

    `expected` findings should stand in the chart, `held` of ours do; `strange` are named like
    ours but not known to be, and were left alone; `problem` says what ended it early.
    """

    patients: int = 0
    expected: int = 0
    held: int = 0
    sent_again: int = 0
    taken_back: int = 0
    strange: int = 0
    problem: str = ""

    def counts(self) -> dict[str, int | str]:
        """All of it by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The last reconciliation of a tenant; `ended_at` None: it runs, or was cut off."""

    tenant: str
    issuer: str
    occasion: str
    started_at: datetime
    ended_at: datetime | None
    tally: Tally


def last_of(connection: Connection, tenant: str) -> Reconciliation | None:
    """Return the last reconciliation of a tenant, None where there was none yet."""
    row = connection.execute(
        select(reconciliations)
        .where(reconciliations.c.tenant == tenant)
        .order_by(reconciliations.c.id.desc())
        .limit(1)
    )
    found = row.mappings().one_or_none()
    return None if found is None else _shown(found)


def is_owed(
    connection: Connection, key: Key, occasion: str, now: datetime, every: timedelta
) -> bool:
    """Tell whether it is time: after a restore always, at a start unless one was just made."""
    if occasion == "restore":
        return True
    tenant, issuer = key
    started = connection.execute(
        select(reconciliations.c.started_at)
        .where(reconciliations.c.tenant == tenant, reconciliations.c.issuer == issuer)
        .order_by(reconciliations.c.id.desc())
        .limit(1)
    ).scalar()
    pause = AFTER_START if occasion == "start" else every
    return started is None or from_micros(started) + pause <= now


def begin(connection: Connection, key: Key, occasion: str, now: datetime) -> int:
    """Note that a reconciliation begins; returns its number."""
    tenant, issuer = key
    values = {"tenant": tenant, "issuer": issuer, "occasion": occasion}
    made = insert(reconciliations).values(**values, started_at=to_micros(now), **Tally().counts())
    return int(connection.execute(made.returning(reconciliations.c.id)).scalar_one())


def end(connection: Connection, number: int, tally: Tally, now: datetime) -> None:
    """Note what came of it."""
    connection.execute(
        update(reconciliations)
        .where(reconciliations.c.id == number)
        .values(ended_at=to_micros(now), **tally.counts())
    )


def _shown(row: RowMapping) -> Reconciliation:
    counted = Tally(**{name: row[name] for name in Tally().counts()})
    return Reconciliation(
        tenant=row["tenant"],
        issuer=row["issuer"],
        occasion=row["occasion"],
        started_at=from_micros(row["started_at"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        tally=counted,
    )
