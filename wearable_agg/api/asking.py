"""Who asks: each request's assertion verified, its scope demanded, its reading recorded."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request
from sqlalchemy import Connection

from safeguards.assertions import Asker, NotAuthentic
from safeguards.audit import record
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import NOT_ALLOWED, NOT_AUTHENTIC, Problem
from wearable_agg.store.database import writing

AUDIENCE = "wristchart-api"
_SCHEME = "Bearer "


def asker_with(backend: Backend, scope: str) -> Asker:
    """Return who asks; raises Problem 401, and 403 where the EHR or the scope is not right."""
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise Problem(NOT_AUTHENTIC, "A bearer assertion is needed.")
    try:
        asker = backend.verifier.verify(header.removeprefix(_SCHEME), AUDIENCE)
    except NotAuthentic as error:
        raise Problem(NOT_AUTHENTIC, "The assertion is not valid here.") from error
    tenant = backend.settings.tenant_for_issuer(asker.issuer)
    if tenant is None or tenant.id != asker.tenant:
        raise Problem(NOT_ALLOWED, "This EHR is not registered with the tenant.")
    if scope not in asker.scopes:
        raise Problem(NOT_ALLOWED, f"The scope {scope} is needed.")
    return asker


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


def record_read(backend: Backend, asker: Asker, what: str, detail: Mapping[str, object]) -> None:
    """Record that the asker is given data; an answer that cannot be recorded is not given."""
    with writing(backend.engine) as connection:
        audited(connection, asker, f"{what}.read", detail)
