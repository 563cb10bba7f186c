"""The registered apps, as ``--clients FILE.json`` lists them (schema: ``sandbox.ehr.__main__``)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Any

from sandbox.ehr.auth.scopes import grant, resource_scopes

AUTHENTICATION = {
    "public": "none",
    "symmetric": "client_secret_basic",
    "asymmetric": "private_key_jwt",
    "backend": "private_key_jwt",
}
USER_SECONDS, BACKEND_SECONDS = 900, 300


class BadRegistration(Exception):
    """The clients file says something this server cannot honour; correct the file."""


@dataclass(frozen=True, slots=True)
class Client:
    """One registered app; the method names are those authlib calls."""

    client_id: str
    name: str
    kind: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    client_secret: str | None
    jwks_uri: str | None
    jwks: dict[str, Any] | None
    launch_url: str | None
    access_token_seconds: int

    def get_client_id(self) -> str:
        """The registered id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a request has to name its redirect URI."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The requested scopes cut down to the registered ones; None where nothing is left."""
        return grant(scope or "", self.scopes) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exact comparison with the registered redirect URIs."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Constant-time comparison; False for a client without a secret."""
        return self.client_secret is not None and compare_digest(
            self.client_secret.encode(), client_secret.encode()
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Each kind of client has one way to authenticate, at every endpoint."""
        return AUTHENTICATION[self.kind] == method

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow, and not for backend services."""
        return response_type == "code" and self.kind != "backend"

    def check_grant_type(self, grant_type: str) -> bool:
        """Backend services use client credentials; all others codes and refresh tokens."""
        if self.kind == "backend":
            return grant_type == "client_credentials"
        return grant_type in ("authorization_code", "refresh_token")


def load_clients(path: Path) -> dict[str, Client]:
    """Read the clients file, keyed by client id; raises BadRegistration."""
    try:
        return {
            entry["client_id"]: client_of(entry) for entry in json.loads(path.read_text("utf-8"))
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BadRegistration(f"{path}: {error}") from error


def client_of(entry: dict[str, Any]) -> Client:
    """One entry of the clients file; raises BadRegistration or KeyError."""
    kind = entry["kind"]
    if kind not in AUTHENTICATION:
        raise BadRegistration(f"{entry['client_id']}: unknown kind {kind!r}")
    default_seconds = BACKEND_SECONDS if kind == "backend" else USER_SECONDS
    client = Client(
        client_id=entry["client_id"],
        name=entry.get("name", entry["client_id"]),
        kind=kind,
        scopes=tuple(entry["scopes"]),
        redirect_uris=tuple(entry.get("redirect_uris", ())),
        client_secret=entry.get("client_secret"),
        jwks_uri=entry.get("jwks_uri"),
        jwks=entry.get("jwks"),
        launch_url=entry.get("launch_url"),
        access_token_seconds=entry.get("access_token_seconds", default_seconds),
    )
    _check(client)
    return client


def _check(client: Client) -> None:
    system = {scope.level == "system" for scope in resource_scopes(client.scopes)}
    if system - {client.kind == "backend"}:
        raise BadRegistration(f"{client.client_id}: system/ scopes are for backend clients only")
    if AUTHENTICATION[client.kind] == "private_key_jwt" and not (client.jwks_uri or client.jwks):
        raise BadRegistration(f"{client.client_id}: needs jwks_uri or jwks")
    if client.kind == "symmetric" and not client.client_secret:
        raise BadRegistration(f"{client.client_id}: needs client_secret")
    if client.kind != "backend" and not client.redirect_uris:
        raise BadRegistration(f"{client.client_id}: needs redirect_uris")
