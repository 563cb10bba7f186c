"""The authorization request of a launch (SMART App Launch 2.2, authorization code with PKCE)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from smart.ehr import Ehr

RANDOM_BYTES = 32  # 256 bits; the specification asks for 122 at least


@dataclass(frozen=True, slots=True)
class Attempt:
    """The three secrets of one authorization: none is ever used for a second one."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def new_attempt() -> Attempt:
    """Fresh secrets from the system's random source."""
    return Attempt(*(secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3)))


def authorization_url(ehr: Ehr, attempt: Attempt, *, redirect_uri: str, launch: str) -> str:
    """Where to send the browser; `launch` is handed on unchanged, `aud` is the issuer as received.

    Raises EhrUnavailable, EhrMisconfigured.
    """
    tenant = ehr.tenant
    url: str = prepare_grant_uri(
        ehr.configuration().authorization_endpoint,
        tenant.client_id,
        "code",
        redirect_uri=redirect_uri,
        scope=" ".join(tenant.scopes),
        state=attempt.state,
        launch=launch,
        aud=tenant.issuer,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
    )
    return url
