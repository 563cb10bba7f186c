"""Who asks: each request's assertion verified, its scope demanded, its reading recorded."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, request
from sqlalchemy import Connection

from safeguards.assertions import Asker, NotAuthentic
from safeguards.audit import record
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import Problem
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

AUDIENCE = "wristchart-api"
_SCHEME = "Bearer "


def authenticate(backend: Backend) -> None:
    """Verify the request's assertion and keep who asks; raises Problem 401 or 403."""
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise Problem(401, "Not authentic", "A bearer assertion is needed.")
    try:
        asker = backend.verifier.verify(header.removeprefix(_SCHEME), AUDIENCE)
    except NotAuthentic as error:
        raise Problem(401, "Not authentic", "The assertion is not valid here.") from error
    tenant = backend.settings.tenant_for_issuer(asker.issuer)
    if tenant is None or tenant.id != asker.tenant:
        raise Problem(403, "Not allowed", "This EHR is not registered with the tenant.")
    g.asker = asker


def asker_with(scope: str) -> Asker:
    """Return who asks; raises Problem 403 where the assertion lacks the scope."""
    asker: Asker = g.asker
    if scope not in asker.scopes:
        raise Problem(403, "Not allowed", f"The scope {scope} is needed.")
    return asker


def person_of(connection: Connection, asker: Asker) -> int | None:
    """Return the person behind the assertion's patient, None where we know nothing of them."""
    return person_for(connection, asker.tenant, asker.issuer, asker.patient)


def audited(
    connection: Connection, asker: Asker, action: str, detail: Mapping[str, object]
) -> None:
    """Record an act on the asker's patient in the caller's write transaction."""
    record(
        connection,
        tenant=asker.tenant,
        actor=asker.user,
        action=action,
        entity=f"Patient/{asker.patient}",
        detail={"issuer": asker.issuer, "context": asker.context, **detail},
    )


def record_read(backend: Backend, asker: Asker, what: str, **detail: object) -> None:
    """Record that the asker is given data; an answer that cannot be recorded is not given."""
    with writing(backend.engine) as connection:
        audited(connection, asker, f"{what}.read", detail)
