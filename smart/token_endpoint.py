"""Talking to a token endpoint: code exchange, refresh, revocation, introspection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smart import scopes
from smart.answers import json_object
from smart.client_authentication import MAXIMUM_BYTES, post
from smart.ehr import Ehr
from smart.errors import (
    AuthorizationLost,
    AuthorizationRefused,
    EhrError,
    EhrMisconfigured,
    NotPermitted,
    TokensUnusable,
)
from smart.token_response import Tokens, parse_tokens

OUR_FAULT = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})


def exchange_code(ehr: Ehr, code: str, *, verifier: str, redirect_uri: str) -> Tokens:
    """Trade an authorization code for tokens.

    An EHR that names no scope is asked by introspection; failing that, it is taken to have
    granted what was asked for, but nothing that writes. Raises AuthorizationRefused (code spent,
    expired or not ours), EhrMisconfigured, EhrUnavailable.
    """
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    tokens = _ask(ehr, fields, scopes.reading_only(ehr.tenant.scopes))
    return tokens if tokens.scopes_said else _with_introspected_scopes(ehr, tokens)


def refresh(ehr: Ehr, refresh_token: str, granted: frozenset[str]) -> Tokens:
    """Ask for a new access token; `Tokens.refresh` is "" where the old one stays in force.

    An EHR that names no scope has left it as it was. Raises AuthorizationLost where the EHR no
    longer honours the refresh token, TokensUnusable or NoAnswer where the refresh token may be
    spent, EhrMisconfigured, EhrUnavailable.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    try:
        return _ask(ehr, fields, granted)
    except AuthorizationRefused as error:
        raise AuthorizationLost(error.code) from error


def revoke(ehr: Ehr, token: str, kind: str) -> None:
    """Tell the EHR that a token (`kind`: access_token or refresh_token) is done with (RFC 7009).

    Does nothing where the EHR offers no revocation. Raises EhrError where it was not done.
    """
    endpoint = ehr.configuration().revocation_endpoint
    if not endpoint:
        return
    answer = post(ehr, endpoint, {"token": token, "token_type_hint": kind})
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


def introspect(ehr: Ehr, token: str) -> dict[str, Any] | None:
    """What the EHR says of a token (RFC 7662): its claims, or None where it is no longer active.

    Raises NotPermitted where the EHR offers no introspection or refuses it, EhrMisconfigured,
    EhrUnavailable.
    """
    endpoint = ehr.configuration().introspection_endpoint
    if not endpoint:
        raise NotPermitted("the EHR offers no introspection")
    answer = post(ehr, endpoint, {"token": token})
    if answer.status_code != 200:
        raise NotPermitted(f"introspection answered {answer.status_code}")
    claims = json_object(answer, limit=MAXIMUM_BYTES)
    return claims if claims.get("active") is True else None


def _with_introspected_scopes(ehr: Ehr, tokens: Tokens) -> Tokens:
    try:
        said = (introspect(ehr, tokens.access) or {}).get("scope")
    except EhrError:
        return tokens
    named = frozenset(map(scopes.short, said.split())) if isinstance(said, str) else None
    return replace(tokens, scopes=named) if named else tokens


def _refusal(document: dict[str, Any], status: int) -> EhrError:
    """What an error answer of a token endpoint means for the caller."""
    code = document.get("error")
    if not isinstance(code, str) or code in OUR_FAULT:
        return EhrMisconfigured(f"the token endpoint answered {status} ({str(code)[:60]})")
    return AuthorizationRefused(code[:60], str(document.get("error_description", ""))[:300])


def _ask(ehr: Ehr, fields: dict[str, str], unsaid: frozenset[str]) -> Tokens:
    answer = post(ehr, ehr.configuration().token_endpoint, fields)
    if answer.status_code != 200:
        raise _refusal(json_object(answer, limit=MAXIMUM_BYTES), answer.status_code)
    try:
        return parse_tokens(json_object(answer, limit=MAXIMUM_BYTES), unsaid)
    except EhrMisconfigured as error:
        raise TokensUnusable(str(error)) from error
