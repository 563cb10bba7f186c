"""How this client proves itself to an authorization server, by its type of registration."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from requests import Response

from smart.answers import send
from smart.assertion import assertion_fields
from smart.ehr import Ehr

MAXIMUM_BYTES = 256_000


def post(ehr: Ehr, url: str, fields: Mapping[str, str]) -> Response:
    """Send a form as the tenant's client; raises EhrUnavailable, EhrMisconfigured.

    A public client names itself in the form. A confidential one proves who it is instead, and
    its secret is never in the form.
    """
    tenant = ehr.tenant
    if tenant.client_type == "asymmetric":
        return _post(ehr, url, {**fields, **assertion_fields(ehr, tenant.client_id)})
    if tenant.client_type == "symmetric":
        return _post(ehr, url, fields, basic(tenant.client_id, tenant.client_secret))
    return _post(ehr, url, {**fields, "client_id": tenant.client_id})


def post_as_backend(ehr: Ehr, url: str, fields: Mapping[str, str]) -> Response:
    """Send a form as the tenant's Backend Services client, which always has keys."""
    return _post(ehr, url, {**fields, **assertion_fields(ehr, ehr.tenant.backend_client_id)})


def basic(client_id: str, secret: str) -> tuple[str, str]:
    """User name and password of HTTP Basic; both are form-encoded first (RFC 6749, 2.3.1).

    A blank becomes %20, which servers read that decode forms and those that decode URLs.
    """
    return quote(client_id, safe=""), quote(secret, safe="")


def _post(
    ehr: Ehr, url: str, fields: Mapping[str, str], auth: tuple[str, str] | None = None
) -> Response:
    return send(
        ehr.egress,
        "POST",
        url,
        data=dict(fields),
        auth=auth,
        headers={"Accept": "application/json"},
        maximum_bytes=MAXIMUM_BYTES,
    )
