"""Client assertions: how this client proves to a token endpoint who it is (RFC 7523)."""

from __future__ import annotations

import secrets
import time

from joserfc import jwt

from smart.keys import ClientKeys

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_SECONDS = 240


def client_assertion(client_id: str, token_url: str, keys: ClientKeys) -> str:
    """A one-time ES384 assertion for ``token_url``.

    SMART App Launch 2.2 (client-confidential-asymmetric) allows five minutes at most; the
    ``jti`` is new each time, so an assertion must never be sent twice.
    """
    now = int(time.time())
    header = {"alg": "ES384", "kid": keys.signing.kid, "typ": "JWT"}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_urlsafe(24),
    }
    return jwt.encode(header, claims, keys.signing, algorithms=["ES384"])


def assertion_fields(client_id: str, token_url: str, keys: ClientKeys) -> dict[str, str]:
    """The two form fields that authenticate a token request by private_key_jwt."""
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": client_assertion(client_id, token_url, keys),
    }
