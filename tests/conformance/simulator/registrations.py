"""Clients as a simulated authorization server knows them, and how each proves who it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from urllib.parse import unquote

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.conformance.simulator.recording import Sent, parts_of

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION_SECONDS = 300


class Unauthenticated(Exception):
    """The client did not prove who it is; the message says what was wrong."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the hospital's IT filled in: `kind` is public, symmetric or asymmetric."""

    client_id: str
    kind: str
    redirect_uris: tuple[str, ...] = ()
    secret: str = ""
    jwks_url: str = ""
    algorithms: tuple[str, ...] = ("RS384", "ES384")


@dataclass
class Registry:
    """The clients of one authorization server; assertions are taken once."""

    token_url: str
    clients: dict[str, Registration] = field(default_factory=dict)
    jti: set[str] = field(default_factory=set)

    def add(self, registration: Registration) -> None:
        """Register a client."""
        self.clients[registration.client_id] = registration

    def authenticate(self, sent: Sent) -> Registration:
        """Who sent a token request; raises Unauthenticated."""
        if "client_assertion" in sent.form:
            return self._by_assertion(sent)
        if sent.headers.get("authorization"):
            return self._by_secret(sent)
        return self._public(sent)

    def _by_assertion(self, sent: Sent) -> Registration:
        if "client_id" in sent.form or sent.form.get("client_assertion_type") != ASSERTION:
            raise Unauthenticated("client_id beside an assertion, or another assertion type")
        header, claims = parts_of(sent.form["client_assertion"])
        client = self._known(str(claims.get("sub")), "asymmetric")
        if header.get("alg") not in client.algorithms or header.get("typ") != "JWT":
            raise Unauthenticated("the assertion's header")
        answer = requests.get(client.jwks_url, timeout=5)
        keys = KeySet.import_key_set(answer.json())
        if header.get("kid") not in [key.kid for key in keys.keys]:
            raise Unauthenticated("the assertion's key is not published")
        try:
            jwt.decode(sent.form["client_assertion"], keys, algorithms=list(client.algorithms))
        except (JoseError, ValueError) as error:
            raise Unauthenticated(f"signature: {error}") from error
        self._check_claims(claims, client)
        return client

    def _check_claims(self, claims: dict[str, object], client: Registration) -> None:
        now, expiry, jti = time.time(), claims.get("exp"), str(claims.get("jti", ""))
        if claims.get("iss") != client.client_id or claims.get("aud") != self.token_url:
            raise Unauthenticated("iss or aud")
        if not isinstance(expiry, int) or not now < expiry <= now + LONGEST_ASSERTION_SECONDS:
            raise Unauthenticated("exp")
        if not jti or jti in self.jti:
            raise Unauthenticated("jti")
        self.jti.add(jti)

    def _by_secret(self, sent: Sent) -> Registration:
        name, password = (unquote(part) for part in sent.basic)
        client = self._known(name, "symmetric")
        if "client_id" in sent.form or "client_secret" in sent.form or password != client.secret:
            raise Unauthenticated("secret, or credentials in the body")
        return client

    def _public(self, sent: Sent) -> Registration:
        return self._known(sent.form.get("client_id", ""), "public")

    def _known(self, client_id: str, kind: str) -> Registration:
        client = self.clients.get(client_id)
        if client is None or client.kind != kind:
            raise Unauthenticated(f"no {kind} client {client_id!r}")
        return client
