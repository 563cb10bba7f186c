"""The authorization server: authlib's engine with this EHR's grants, tokens and launches."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidScopeError
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.ehr.auth.assertions import SmartAssertion
from sandbox.ehr.auth.endpoints import Introspection, Revocation
from sandbox.ehr.auth.grants import (
    BackendService,
    CodeFlow,
    Issuer,
    Refresh,
    SmartChallenge,
    SmartContext,
)
from sandbox.ehr.auth.keys import ClientKeys
from sandbox.ehr.auth.launches import Launch, Launches
from sandbox.ehr.auth.tokens import REFRESH_LIFE, Grant, Tokens, new_family
from sandbox.ehr.clients import Client
from sandbox.ehr.database import Database
from sandbox.ehr.settings import CLINICIAN_NAME, TENANT, Settings

ID_TOKEN_SECONDS = 300


class SmartServer(AuthorizationServer):  # type: ignore[misc] # authlib has no types
    """Issues codes and tokens for the registered clients."""

    def __init__(
        self, app: Flask, settings: Settings, database: Database, tokens: Tokens, key: RSAKey
    ) -> None:
        self.settings = settings
        self.tokens = tokens
        self.launches = Launches(database, settings.clock)
        self._key = key
        super().__init__(app, settings.clients.get, self._keep)
        self.register_token_generator("default", self._generate)
        keys = ClientKeys(settings.clock)
        assertion = SmartAssertion(settings.token_url, keys, database, settings.clock)
        self.register_client_auth_method("private_key_jwt", assertion)
        self.issuer_parameter = Issuer(settings.issuer)
        self.register_extension(self.issuer_parameter)
        self.register_grant(CodeFlow, [SmartChallenge(required=True), SmartContext()])
        self.register_grant(Refresh)
        self.register_grant(BackendService)
        self.register_endpoint(Revocation)
        self.register_endpoint(Introspection)

    def launch_id(self, request: Any) -> str:
        """The launch id of an authorization request: the EHR's, or the one our picker minted."""
        return str(request.payload.data.get("launch") or request.payload.data.get("picked") or "")

    def launch_of(self, request: Any) -> Launch | None:
        """What the request's launch id stands for, while it is unused."""
        standalone = not request.payload.data.get("launch")
        return self.launches.find(self.launch_id(request), standalone=standalone)

    def _generate(self, client: Client, scope: str | None, **details: Any) -> dict[str, Any]:
        granted = client.get_allowed_scope(scope)
        if granted is None:
            raise InvalidScopeError()
        token = {
            "token_type": "Bearer",
            "access_token": secrets.token_urlsafe(32),
            "expires_in": client.access_token_seconds,
            "scope": granted,
        }
        renewable = {"offline_access", "online_access"} & set(granted.split())
        if details["include_refresh_token"] and renewable:
            token["refresh_token"] = secrets.token_urlsafe(32)
        return token

    def _keep(self, token: dict[str, Any], request: Any) -> None:
        source = request.refresh_token or request.authorization_code
        grant = source.grant if source else self._backend_grant(request.client)
        life = timedelta(seconds=token["expires_in"])
        self.tokens.issue(
            token["access_token"], "access", replace(grant, scope=token["scope"]), life
        )
        if "refresh_token" in token:
            # A refresh token keeps the scopes first granted, however few were asked for now.
            self.tokens.issue(token["refresh_token"], "refresh", grant, REFRESH_LIFE)
        token.update(self._context(grant, set(token["scope"].split())))

    def _backend_grant(self, client: Client) -> Grant:
        return Grant(client.client_id, "", self.settings.fhir_base, family=new_family())

    def _context(self, grant: Grant, scopes: set[str]) -> dict[str, Any]:
        """The parameters SMART adds to a token response."""
        context: dict[str, Any] = {}
        if grant.user:
            context["tenant"] = TENANT
        if grant.patient:
            context |= {"patient": grant.patient, "need_patient_banner": grant.need_patient_banner}
        if grant.encounter:
            context["encounter"] = grant.encounter
        if "openid" in scopes and grant.user:
            context["id_token"] = self._id_token(grant, scopes)
        return context

    def _id_token(self, grant: Grant, scopes: set[str]) -> str:
        user, now = str(grant.user), int(self.settings.clock().timestamp())
        claims = {
            "iss": self.settings.issuer,
            "aud": grant.client_id,
            "sub": user.rpartition("/")[2],
            "iat": now,
            "exp": now + ID_TOKEN_SECONDS,
        }
        if grant.nonce:
            claims["nonce"] = grant.nonce
        if {"fhirUser", "profile"} & scopes:
            address = f"{self.settings.fhir_base}/{user}"
            claims |= {"fhirUser": address, "profile": address, "name": CLINICIAN_NAME}
        return jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)
