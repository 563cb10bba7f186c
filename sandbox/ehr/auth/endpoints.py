"""Revocation (RFC 7009) and introspection (RFC 7662)."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from sandbox.ehr.auth.grants import METHODS
from sandbox.ehr.auth.tokens import Token
from sandbox.ehr.clients import Client


class Revocation(RevocationEndpoint):  # type: ignore[misc] # authlib has no types
    """A client revokes its own tokens."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        """A token of either kind; the hint is only a hint."""
        found: Token | None = self.server.tokens.find(token_string)
        return found

    def revoke_token(self, token: Token, request: Any) -> None:
        """Revoke it, and with a refresh token everything of its family."""
        self.server.tokens.revoke(token)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc] # authlib has no types
    """A client asks about its own tokens."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        """A token of either kind; the hint is only a hint."""
        found: Token | None = self.server.tokens.find(token_string)
        return found

    def check_permission(self, token: Token, client: Client, request: Any) -> bool:
        """Only the client it was issued to."""
        return token.check_client(client)

    def introspect_token(self, token: Token) -> dict[str, Any]:
        """The claims SMART asks for."""
        grant, settings = token.grant, self.server.settings
        claims = {
            "active": True,
            "client_id": grant.client_id,
            "scope": grant.scope,
            "aud": grant.audience,
            "iss": settings.issuer,
            "iat": int(token.issued.timestamp()),
            "exp": int(token.expires.timestamp()),
        }
        if grant.patient:
            claims["patient"] = grant.patient
        if grant.encounter:
            claims["encounter"] = grant.encounter
        if grant.user:
            claims |= {
                "sub": grant.user.rpartition("/")[2],
                "fhirUser": f"{settings.fhir_base}/{grant.user}",
            }
        return claims
