"""Talking to a token endpoint: code exchange, refresh, revocation."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from requests import Response

from smart.answers import json_object, send
from smart.assertion import assertion_fields
from smart.ehr import Ehr
from smart.errors import (
    AuthorizationLost,
    AuthorizationRefused,
    EhrError,
    EhrMisconfigured,
    NotPermitted,
)
from smart.token_response import Tokens, parse_tokens

MAXIMUM_BYTES = 256_000
OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})


def exchange_code(ehr: Ehr, code: str, *, verifier: str, redirect_uri: str) -> Tokens:
    """Trade an authorization code for tokens.

    Raises AuthorizationRefused (code spent, expired or not ours), EhrMisconfigured,
    EhrUnavailable.
    """
    return _ask(
        ehr,
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        },
    )


def refresh(ehr: Ehr, refresh_token: str, granted: frozenset[str]) -> Tokens:
    """Ask for a new access token; `Tokens.refresh` is "" where the old one stays in force.

    Raises AuthorizationLost where the EHR no longer honours the refresh token,
    EhrMisconfigured, EhrUnavailable.
    """
    try:
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return _ask(ehr, fields, granted)
    except AuthorizationRefused as error:
        raise AuthorizationLost(error.code) from error


def revoke(ehr: Ehr, token: str, kind: str) -> None:
    """Tell the EHR that a token (`kind`: access_token or refresh_token) is done with.

    Does nothing where the EHR offers no revocation. Raises EhrError where it was not done.
    """
    endpoint = ehr.configuration().revocation_endpoint
    if not endpoint:
        return
    answer = _post(ehr, endpoint, {"token": token, "token_type_hint": kind})
    if answer.status_code != 200:
        raise NotPermitted(f"revocation answered {answer.status_code}")


def revoke_all(ehr: Ehr, access: str, refresh_token: str) -> bool:
    """Revoke both tokens, the refresh token first; tells whether the EHR took all of them."""
    done = True
    for token, kind in ((refresh_token, "refresh_token"), (access, "access_token")):
        try:
            if token:
                revoke(ehr, token, kind)
        except EhrError:
            done = False
    return done


def _ask(ehr: Ehr, fields: dict[str, str], granted: frozenset[str] = frozenset()) -> Tokens:
    answer = _post(ehr, ehr.configuration().token_endpoint, fields)
    document = json_object(answer, limit=MAXIMUM_BYTES)
    if answer.status_code == 200:
        return parse_tokens(document, granted)
    raise _refusal(document, answer.status_code)


def _refusal(document: dict[str, Any], status: int) -> EhrError:
    code = document.get("error")
    if not isinstance(code, str) or code in OUR_FAULT:
        return EhrMisconfigured(f"the token endpoint answered {status} ({str(code)[:60]})")
    return AuthorizationRefused(code[:60], str(document.get("error_description", ""))[:300])


def _post(ehr: Ehr, url: str, fields: dict[str, str]) -> Response:
    proof, basic = _client_authentication(ehr)
    return send(
        ehr.egress,
        "POST",
        url,
        data={**fields, **proof},
        auth=basic,
        headers={"Accept": "application/json"},
        maximum_bytes=MAXIMUM_BYTES,
    )


def _client_authentication(ehr: Ehr) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Form fields and Basic credentials; only a public client names itself in the form."""
    tenant = ehr.tenant
    if tenant.client_type == "asymmetric":
        audience = ehr.configuration().token_endpoint
        return assertion_fields(tenant.client_id, audience, ehr.keys), None
    if tenant.client_type == "symmetric":
        return {}, (quote(tenant.client_id, safe=""), quote(tenant.client_secret, safe=""))
    return {"client_id": tenant.client_id}, None
