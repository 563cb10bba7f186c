"""The inbox: payloads verbatim and sealed, each once, until a worker has dealt with them.

A payload that arrives again is the same row, made new again: vendors repeat a notification word
for word when more data came, and a corrected value may be corrected back. Working on a payload
twice changes nothing.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select, update

from safeguards.vault import Unreadable, Vault
from wearable_agg.store.clock import now_micros
from wearable_agg.store.intake_tables import inbox
from wearable_agg.store.upserts import insert

NEW, DONE, DEAD = "new", "done", "dead"
WEBHOOK = "webhook"
_FASTEST = 1


@dataclass(frozen=True, slots=True)
class Payload:
    """One thing that arrived; `account_id` is None for a notification."""

    id: int
    vendor: str
    account_id: int | None
    kind: str
    arrived_at: int
    raw: bytes
    replayed: bool = False


def keep(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str,
    vendor: str,
    account_id: int | None,
    kind: str,
    raw: bytes,
    dead_because: str | None = None,
    job_id: int | None = None,
) -> None:
    """Put a payload into the inbox in the caller's transaction.

    `dead_because` files it at once among the dead letters, with that reason; `job_id` is the job
    whose window it is a page of, where that matters.
    """
    key = _key(vendor, account_id, kind, raw, job_id)
    place, _ = places_of_payload(tenant, key)
    sealed = vault.seal(zlib.compress(raw, _FASTEST), bound_to=place)
    arrival = {
        "state": DEAD if dead_because else NEW,
        "arrived_at": now_micros(),
        "reason": dead_because,
        "job_id": job_id,
        "replayed": False,
    }
    connection.execute(
        insert(inbox)
        .values(
            tenant=tenant,
            vendor=vendor,
            account_id=account_id,
            kind=kind,
            key=key,
            raw=sealed,
            **arrival,
        )
        .on_conflict_do_update(index_elements=["key"], set_=arrival)
    )


def waiting(connection: Connection, vault: Vault, limit: int) -> list[Payload]:
    """Return the oldest payloads that nobody has dealt with; raises safeguards.vault.Unreadable."""
    rows = connection.execute(
        select(inbox)
        .where(inbox.c.state == NEW)
        .order_by(inbox.c.arrived_at, inbox.c.id)
        .limit(limit)
    )
    return [_payload(vault, row) for row in rows]


def of_job(connection: Connection, vault: Vault, job_id: int) -> list[Payload]:
    """Return the pages that one job brought; raises safeguards.vault.Unreadable."""
    rows = connection.execute(select(inbox).where(inbox.c.job_id == job_id).order_by(inbox.c.id))
    return [_payload(vault, row) for row in rows]


def read_one(connection: Connection, vault: Vault, payload_id: int) -> Payload:
    """Return one payload, whatever became of it; raises KeyError and Unreadable."""
    row = connection.execute(select(inbox).where(inbox.c.id == payload_id)).one_or_none()
    if row is None:
        raise KeyError(payload_id)
    return _payload(vault, row)


def settle(connection: Connection, payload: Payload, state: str, reason: str | None = None) -> bool:
    """Mark a payload as done or dead; False where another worker did, or it arrived anew."""
    settled = connection.execute(
        update(inbox)
        .where(
            inbox.c.id == payload.id,
            inbox.c.state == NEW,
            inbox.c.arrived_at == payload.arrived_at,
        )
        .values(state=state, reason=reason, processed_at=now_micros())
    )
    return bool(settled.rowcount)


def _key(vendor: str, account_id: int | None, kind: str, raw: bytes, job_id: int | None) -> str:
    """Return the key of a payload; the pages of one job are told from those of another."""
    job = "" if job_id is None else f"|job {job_id}"
    head = f"{vendor}|{'' if account_id is None else account_id}|{kind}{job}|".encode()
    return hashlib.sha256(head + raw).hexdigest()


def _payload(vault: Vault, row: Row[tuple[object, ...]]) -> Payload:
    return Payload(
        row.id,
        row.vendor,
        row.account_id,
        row.kind,
        row.arrived_at,
        zlib.decompress(_unsealed(vault, row)),
        row.replayed,
    )


def places_of_payload(tenant: str, key: str) -> tuple[str, str]:
    """Where a payload is sealed for; then where it was before tenants had keys of their own."""
    return f"{tenant}|inbox|raw|{key}", f"site|inbox|raw|{key}"


def _unsealed(vault: Vault, row: Row[tuple[object, ...]]) -> bytes:
    place, earlier = places_of_payload(row.tenant, row.key)
    try:
        return vault.unseal(row.raw, bound_to=place)
    except Unreadable:
        return vault.unseal(row.raw, bound_to=earlier)
