"""The simulated EHR's own keys, and the id_tokens it signs with them."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.conformance.simulator.behaviour import Behaviour


@cache
def signing_key(kid: str) -> RSAKey:
    """An RSA key called `kid`, made once a run."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": kid})


@cache
def other_key() -> ECKey:
    """A second published key, so that a client has to choose by kid."""
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "sim-ec"})


def published(kids: list[str]) -> dict[str, Any]:
    """The JWKS document with these keys."""
    keys = [signing_key(kid).as_dict(private=False) for kid in kids]
    return {"keys": [*keys, other_key().as_dict(private=False)]}


def id_token(
    behaviour: Behaviour, issuer: str, client: str, nonce: str, user: str, changes: dict[str, Any]
) -> str:
    """An id_token for `user` as the behaviour wants it."""
    if behaviour.id_token is not None:
        return behaviour.id_token
    now = int(time.time())
    claims = {
        "iss": issuer,
        "sub": "grace",
        "aud": client,
        "iat": now,
        "exp": now + 300,
        "nonce": nonce,
        "fhirUser": user,
        "name": "Dr Grace Hopper",
        **behaviour.claims,
        **changes,
    }
    return _signed(behaviour, {key: value for key, value in claims.items() if value is not None})


def _signed(behaviour: Behaviour, claims: dict[str, Any]) -> str:
    header = {"typ": "JWT", **behaviour.id_token_header}
    if behaviour.sign_with == "none":
        return f"{_part({'alg': 'none', **header})}.{_part(claims)}."
    if behaviour.sign_with == "hmac":
        public = signing_key("sim-1").as_pem(private=False)
        key = OctKey.import_key(base64.urlsafe_b64encode(public).decode())
        return jwt.encode({"alg": "HS256", "kid": "sim-1", **header}, claims, key, ["HS256"])
    kid = "sim-1" if behaviour.sign_with == "published" else behaviour.sign_with
    return jwt.encode({"alg": "RS256", "kid": kid, **header}, claims, signing_key(kid))


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
