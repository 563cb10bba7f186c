"""One act for each Idempotency-Key, whatever becomes of the answer on its way.

A claim is committed before the act begins; the answer is kept, sealed, in the act's own
transaction. A claim whose process died is free again when its lease is over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from safeguards.assertions import Asker
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import IN_FLIGHT, KEY_REUSED, Problem
from wearable_agg.store.api_tables import answered_requests
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing

KEPT = timedelta(days=30)
LEASE = timedelta(seconds=30)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer of an act that was done."""

    status: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act once; `taken_at` tells this claim from a later one on the same key."""

    tenant: str
    request: str
    taken_at: int


def claim(backend: Backend, asker: Asker, path: str, key: str, body: bytes) -> Claim | Answered:
    """Claim a key for an act, or return what the act was answered before.

    The key counts for this asker, patient and path. Raises Problem 409 while the same request is
    under way, and 422 where the key came with another body.
    """
    request, fingerprint = _name(asker, path, key), hashlib.sha256(body).hexdigest()
    now = now_micros()
    with writing(backend.engine) as connection:
        connection.execute(
            delete(answered_requests).where(
                answered_requests.c.claimed_at < now - KEPT // _MICROSECOND
            )
        )
        known = connection.execute(
            select(answered_requests).where(answered_requests.c.request == request)
        ).one_or_none()
        if known is not None:
            answered = _known(backend, known, fingerprint, now)
            if answered is not None:
                return answered
            connection.execute(
                delete(answered_requests).where(answered_requests.c.request == request)
            )
        connection.execute(
            answered_requests.insert().values(
                request=request, tenant=asker.tenant, fingerprint=fingerprint, claimed_at=now
            )
        )
    return Claim(asker.tenant, request, now)


def keep_answer(connection: Connection, backend: Backend, claimed: Claim, answer: Answered) -> None:
    """Keep the answer in the act's transaction; raises Problem 409 where the claim was lost."""
    sealed = backend.vault.seal(
        answer.raw, bound_to=place_of_answer(claimed.tenant, claimed.request)
    )
    kept = connection.execute(
        update(answered_requests)
        .where(
            answered_requests.c.request == claimed.request,
            answered_requests.c.claimed_at == claimed.taken_at,
        )
        .values(status=answer.status, answer=sealed)
    )
    if not kept.rowcount:
        raise Problem(IN_FLIGHT, "The request took too long and was begun anew.")


def release(backend: Backend, claimed: Claim) -> None:
    """Give a claim back after an act that was not done."""
    with writing(backend.engine) as connection:
        connection.execute(
            delete(answered_requests).where(
                answered_requests.c.request == claimed.request,
                answered_requests.c.claimed_at == claimed.taken_at,
                answered_requests.c.status.is_(None),
            )
        )


def place_of_answer(tenant: str, request: str) -> str:
    """Where an answer is sealed for."""
    return f"{tenant}|answered_requests|answer|{request}"


def _known(backend: Backend, row: Row[Any], fingerprint: str, now: int) -> Answered | None:
    """Return the kept answer, or None where the claim's process must have died."""
    if row.fingerprint != fingerprint:
        raise Problem(KEY_REUSED, "This Idempotency-Key came with another body before.")
    if row.status is not None:
        place = place_of_answer(row.tenant, row.request)
        return Answered(row.status, backend.vault.unseal(row.answer, bound_to=place))
    if row.claimed_at > now - LEASE // _MICROSECOND:
        raise Problem(IN_FLIGHT, "The same request is under way: ask again in a moment.")
    return None


def _name(asker: Asker, path: str, key: str) -> str:
    parts = (asker.tenant, asker.issuer, asker.patient, asker.user, path, key)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
