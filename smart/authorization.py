"""The authorization request of a launch (SMART App Launch 2.2, authorization code with PKCE)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from smart import scopes
from smart.ehr import Ehr

RANDOM_BYTES = 32  # 256 bits; the specification asks for 122 at least


@dataclass(frozen=True, slots=True)
class Attempt:
    """The three secrets of one authorization: none is ever used for a second one."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the browser is to send to `endpoint`: as a form where `by_post`, else as a query."""

    endpoint: str
    fields: Mapping[str, str] = field(repr=False)
    by_post: bool

    @property
    def url(self) -> str:
        """The request as an address to go to."""
        url: str = add_params_to_uri(self.endpoint, list(self.fields.items()))
        return url


def new_attempt() -> Attempt:
    """Fresh secrets from the system's random source."""
    return Attempt(*(secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3)))


def scopes_to_ask(
    ehr: Ehr, *, launch: str | None, wanted: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """The tenant's scopes or those `wanted`, for an EHR launch or (`launch` None) without one.

    Raises EhrUnavailable, EhrMisconfigured.
    """
    wanted = wanted or ehr.tenant.scopes
    standalone = launch is None
    return ehr.asked(scopes.for_standalone(wanted) if standalone else scopes.for_ehr_launch(wanted))


def authorization_request(
    ehr: Ehr,
    attempt: Attempt,
    *,
    redirect_uri: str,
    launch: str | None,
    wanted: tuple[str, ...] | None = None,
) -> AuthorizationRequest:
    """What to send the browser with.

    `launch` is handed on unchanged; None for a standalone launch, where the EHR has the patient
    picked. `wanted` are scopes other than the tenant's. `aud` is the issuer as received.

    Raises EhrUnavailable, EhrMisconfigured.
    """
    configuration, tenant = ehr.configuration(), ehr.tenant
    fields = {
        "response_type": "code",
        "client_id": tenant.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes_to_ask(ehr, launch=launch, wanted=wanted)),
        "state": attempt.state,
        "aud": tenant.audience or tenant.issuer,
        "nonce": attempt.nonce,
        "code_challenge": create_s256_code_challenge(attempt.verifier),
        "code_challenge_method": "S256",
    }
    if launch is not None:
        fields["launch"] = launch
    return AuthorizationRequest(
        configuration.authorization_endpoint, fields, by_post=configuration.takes_post
    )
