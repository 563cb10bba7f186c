"""The simulated token endpoint: codes, refresh-token families, client credentials, revocation."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Any

from tests.conformance.simulator.authorization import AuthorizationEndpoint, Grant
from tests.conformance.simulator.behaviour import Behaviour
from tests.conformance.simulator.identity import id_token
from tests.conformance.simulator.recording import Sent
from tests.conformance.simulator.registrations import Registration, Registry, Unauthenticated
from tests.conformance.simulator.server import Answer, of_json


class Refused(Exception):
    """An OAuth error to answer with."""


@dataclass
class TokenEndpoint:
    """Issues tokens; `access` says until when each is good, by the monotonic clock."""

    behaviour: Behaviour
    registry: Registry
    codes: AuthorizationEndpoint
    base: str
    issuer: str
    access: dict[str, float] = field(default_factory=dict)
    refreshable: dict[str, Grant] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    families_revoked: int = 0
    introspected_scope: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def answer(self, sent: Sent) -> Answer:
        """Tokens, or an OAuth error."""
        with self._lock:
            try:
                return of_json(self._tokens(sent))
            except Unauthenticated as error:
                return _error("invalid_client", str(error), 401)
            except Refused as error:
                return _error(str(error), "", 400)
            except KeyError as error:
                return _error("invalid_request", f"{error} is missing", 400)

    def revoke(self, sent: Sent) -> Answer:
        """Forget a token."""
        try:
            self.registry.authenticate(sent)
        except Unauthenticated as error:
            return _error("invalid_client", str(error), 401)
        self.access.pop(sent.form["token"], None)
        self.refreshable.pop(sent.form["token"], None)
        return Answer()

    def introspect(self, sent: Sent) -> Answer:
        """What is known of a token, by RFC 7662."""
        try:
            self.registry.authenticate(sent)
        except Unauthenticated as error:
            return _error("invalid_client", str(error), 401)
        if sent.method != "POST" or sent.content_type != "application/x-www-form-urlencoded":
            return _error("invalid_request", "a form by POST is needed", 400)
        active = self.accepts(sent.form.get("token", ""))
        said = {"scope": self.introspected_scope, "token_type": "Bearer"}
        return of_json({"active": active, **(said if active else {})})

    def accepts(self, token: str) -> bool:
        """Whether an access token is good now."""
        return self.access.get(token, 0.0) > time.monotonic()

    def expire_access(self) -> None:
        """Every access token ends now."""
        self.access.clear()

    def _tokens(self, sent: Sent) -> dict[str, Any]:
        if sent.method != "POST" or sent.content_type != "application/x-www-form-urlencoded":
            raise Refused("invalid_request")
        client = self.registry.authenticate(sent)
        grant_type = sent.form["grant_type"]
        if grant_type == "authorization_code":
            return self._by_code(sent.form, client)
        if grant_type == "refresh_token":
            return self._by_refresh(sent.form, client)
        if grant_type == "client_credentials" and client.kind != "public":
            answer = self._access(sent.form["scope"]) | self.behaviour.answer
            return _present(answer)
        raise Refused("unsupported_grant_type")

    def _by_code(self, form: dict[str, str], client: Registration) -> dict[str, Any]:
        grant = self.codes.codes.get(form["code"])
        if grant is None or (grant.used and not self.behaviour.replay_codes):
            raise Refused("invalid_grant")
        grant.used = True
        late = time.monotonic() - grant.made > self.behaviour.code_seconds
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if late or proof != grant.challenge or form["redirect_uri"] != grant.redirect_uri:
            raise Refused("invalid_grant")
        if client.client_id != grant.client_id:
            raise Refused("invalid_grant")
        answer = self._access(grant.scopes) | self._context(grant)
        if "openid" in grant.scopes.split():
            answer["id_token"] = self._id_token(grant, {})
        if self.behaviour.refresh_tokens:
            answer["refresh_token"] = self._refresh_token(grant)
        return _present(answer | self.behaviour.answer)

    def _by_refresh(self, form: dict[str, str], client: Registration) -> dict[str, Any]:
        token = form["refresh_token"]
        grant = self.refreshable.get(token)
        if grant is None or grant.client_id != client.client_id:
            raise Refused("invalid_grant")
        if token in grant.spent:
            self._reused(grant)
            raise Refused("invalid_grant")
        scopes = form.get("scope", grant.scopes)
        if not set(scopes.split()) <= set(grant.scopes.split()):
            raise Refused("invalid_scope")
        answer = self._access(scopes)
        if self.behaviour.echo_context_on_refresh:
            answer |= self._context(grant)
        if self.behaviour.rotate:
            grant.spent.append(token)
            answer["refresh_token"] = self._refresh_token(grant)
        if self.behaviour.id_token_on_refresh is not None:
            answer["id_token"] = self._id_token(grant, self.behaviour.id_token_on_refresh)
        return _present(answer | self.behaviour.refresh_answer)

    def _reused(self, grant: Grant) -> None:
        if self.behaviour.reuse_revokes_family:
            self.families_revoked += 1
            self.refreshable = {t: g for t, g in self.refreshable.items() if g is not grant}
            self.access.clear()

    def _access(self, scopes: str) -> dict[str, Any]:
        token = f"canary-{secrets.token_urlsafe(24)}"
        if self.behaviour.jwt_access_token:
            token = f"eyJhbGciOiJub25lIn0.e30.{token}"
        self.access[token] = time.monotonic() + self.behaviour.seconds
        self.issued.append(token)
        seconds = int(self.behaviour.seconds)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": scopes,
        }

    def _context(self, grant: Grant) -> dict[str, Any]:
        known = {"patient": grant.patient, "encounter": grant.encounter}
        return {key: value for key, value in known.items() if value}

    def _refresh_token(self, grant: Grant) -> str:
        token = f"canary-refresh-{secrets.token_urlsafe(24)}"
        self.refreshable[token] = grant
        self.issued.append(token)
        return token

    def _id_token(self, grant: Grant, changes: dict[str, Any]) -> str:
        user = f"{self.base}/Practitioner/grace"
        behaviour = replace(self.behaviour, id_token=None) if changes else self.behaviour
        return id_token(behaviour, self.issuer, grant.client_id, grant.nonce, user, changes)


def _present(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}


def _error(code: str, words: str, status: int) -> Answer:
    return of_json({"error": code, "error_description": words}, status)
