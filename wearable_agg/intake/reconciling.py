"""Finding what is deleted at the vendor: a window fetched whole no longer tells of it.

A notification makes us fetch its window anew. When the last page is kept, a note of it goes into
the inbox behind the pages; once they are dealt with, whatever we hold of that window and kind that
they do not tell is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import structlog
from sqlalchemy import Connection, Engine, func, select

from safeguards.vault import Vault
from wearable_agg.intake import inbox
from wearable_agg.intake.inbox import Payload
from wearable_agg.intake.jobs import Job
from wearable_agg.measurements.batch import series_key
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.retract import keys_between, retract
from wearable_agg.measurements.upsert import ChangedDay
from wearable_agg.people.accounts import Account
from wearable_agg.store.clock import to_micros
from wearable_agg.store.intake_tables import inbox as inbox_table
from wearable_agg.vendors.protocol import Vendor

WHOLE = "@whole"
"""The kind of the note that a window is fetched whole."""

MOST_FOR_NOTHING = 50
"""An answer without anything takes back this many at most: so looks a fault, too.

All values of one thing of the vendor's, a night's or a workout's, count as one.
"""

log = structlog.get_logger()
Told = frozenset[tuple[str, str, str, int, int]]
"""Type, statistic, span, start and end of every value that a window tells."""


def note(job: Job) -> bytes:
    """Write the note for a job that is fetched whole."""
    window = [to_micros(job.window.start), to_micros(job.window.end)]
    return json.dumps({"job": job.id, "kind": job.kind, "window": window}).encode()


def still_waiting(connection: Connection, payload: Payload) -> bool:
    """Tell whether pages of the window are not dealt with yet."""
    waiting = select(func.count()).where(
        inbox_table.c.job_id == json.loads(payload.raw)["job"],
        inbox_table.c.kind != WHOLE,
        inbox_table.c.state == inbox.NEW,
    )
    return bool(connection.execute(waiting).scalar_one())


def told_by(engine: Engine, vault: Vault, vendor: Vendor, owner: Account, payload: Payload) -> Told:
    """Read the window's pages again; raises as Vendor.parse does."""
    job = json.loads(payload.raw)["job"]
    with engine.connect() as connection:
        pages = inbox.of_job(connection, vault, job)
    return frozenset(
        key
        for page in pages
        if page.kind != WHOLE
        for key in _keys(vendor.parse(page.kind, page.raw, owner.timezone))
    )


def take_back(
    connection: Connection, vendor: Vendor, owner: Account, payload: Payload, told: Told
) -> tuple[int, tuple[ChangedDay, ...], str | None]:
    """Retract what the window lacks; returns how many, the days that changed, and what to note."""
    said = json.loads(payload.raw)
    tells = vendor.tells(said["kind"])
    start, end = said["window"]
    held = keys_between(
        connection, owner.person_id, vendor.id, tells.types, start, end, tells.named
    )
    missing = [key for key, what in held.items() if (*what[:3], key[1], key[2]) not in told]
    things = {held[key].vendor_id or key for key in missing}
    if not told and len(things) > MOST_FOR_NOTHING:
        log.warning("empty answer for a full window", account=owner.id, held=len(things))
        return 0, (), f"an empty answer, {len(missing)} values kept"
    days = retract(connection, missing)
    return len(missing), days, f"{len(missing)} values taken back" if missing else None


def _keys(records: Iterable[object]) -> Iterable[tuple[str, str, str, int, int]]:
    for one in records:
        if isinstance(one, Measurement):
            key = series_key(one.type, one.statistic, one.source, one.device, one.end - one.start)
            yield key.type, key.statistic, key.span, to_micros(one.start), to_micros(one.end)
