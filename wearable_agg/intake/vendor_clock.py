"""Up to when we know what a vendor changed, by the vendor's own clock, per account and kind.

What a look for changes told is remembered once all of it is kept; an earlier word never takes a
later one back. The first word comes from any window that was fetched: whatever the vendor changes
afterwards is later.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from wearable_agg.intake.jobs import Job
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.intake_tables import vendor_changes
from wearable_agg.store.upserts import insert

OVERLAP = timedelta(days=1)
"""How much of what is known is asked for again: a vendor's servers need not agree on the time."""


def changed_since(connection: Connection, account_id: int, kind: str) -> datetime | None:
    """Return from when on changes are to be asked for; None where nothing is known yet."""
    known = connection.execute(
        select(vendor_changes.c.known_until).where(
            vendor_changes.c.account_id == account_id, vendor_changes.c.kind == kind
        )
    ).scalar()
    return None if known is None else from_micros(known) - OVERLAP


def remember(connection: Connection, job: Job) -> None:
    """Remember what a job told that is fetched whole, in the caller's write transaction."""
    if job.changed_until is None:
        return
    key = {"account_id": job.account_id, "kind": job.kind}
    known = insert(vendor_changes).values(
        tenant=job.tenant, known_until=to_micros(job.changed_until), **key
    )
    later = vendor_changes.c.known_until < known.excluded.known_until
    connection.execute(
        known.on_conflict_do_nothing()
        if job.window.changed_since is None
        else known.on_conflict_do_update(
            index_elements=list(key),
            set_={"known_until": known.excluded.known_until},
            where=later,
        )
    )
