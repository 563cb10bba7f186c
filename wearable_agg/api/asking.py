"""Who asks: each request's assertion verified, its scope demanded, its reading recorded."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request
from sqlalchemy import Connection

from safeguards.assertions import Asker, NotAuthentic
from safeguards.audit import record
from wearable_agg.api.backend import Backend
from wearable_agg.api.problems import NO_CONSENT, NOT_ALLOWED, NOT_AUTHENTIC, Problem
from wearable_agg.people.accounts import Account
from wearable_agg.people.consents import permitted_topics
from wearable_agg.store.database import writing
from wearable_agg.vendors.apple.reader import AppleHealth

AUDIENCE = "wristchart-api"
_SCHEME = "Bearer "


def asker_with(backend: Backend, scope: str) -> Asker:
    """Return who asks; raises Problem 401, and 403 where the EHR or the scope is not right."""
    try:
        asker = backend.verifier.verify(_shown("assertion"), AUDIENCE)
    except NotAuthentic as error:
        raise Problem(NOT_AUTHENTIC, "The assertion is not valid here.") from error
    tenant = backend.settings.tenant_for_issuer(asker.issuer)
    if tenant is None or tenant.id != asker.tenant:
        raise Problem(NOT_ALLOWED, "This EHR is not registered with the tenant.")
    if scope not in asker.scopes:
        raise Problem(NOT_ALLOWED, f"The scope {scope} is needed.")
    return asker


def device_asking(backend: Backend, connection: Connection) -> tuple[Asker, Account]:
    """Return the device that asks, and its account; raises Problem 401.

    And 403 where its patient shares nothing any more.
    """
    account = backend.devices.owner(connection, AppleHealth.id, _shown("device token"))
    if account is None:
        raise Problem(NOT_AUTHENTIC, "The device's token is unknown or was ended.")
    if not permitted_topics(connection, account.person_id):
        raise Problem(NO_CONSENT, "The patient shares nothing at present.")
    device = f"device/{account.id}"
    return Asker(account.tenant, "", "", device, account.device, "", frozenset()), account


def _shown(what: str) -> str:
    header = request.headers.get("Authorization", "")
    if not header.startswith(_SCHEME):
        raise Problem(NOT_AUTHENTIC, f"A bearer {what} is needed.")
    return header.removeprefix(_SCHEME)


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
