"""The three grants, as SMART narrows them."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter

from sandbox.ehr.auth.launches import Launch
from sandbox.ehr.auth.tokens import Code, Grant, Token, new_family
from sandbox.ehr.clients import Client
from sandbox.ehr.settings import CLINICIAN

METHODS = ("private_key_jwt", "client_secret_basic", "none")


class CodeFlow(AuthorizationCodeGrant):  # type: ignore[misc] # authlib has no types
    """The code flow, with launch context."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """The redirect URI, which has to be given and registered to the letter."""
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("redirect_uri is missing or not registered.")
        return str(redirect_uri)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Use up the launch and store the code with everything the tokens will carry."""
        launch = self.server.launch_of(request)
        if launch and not self.server.launches.use(self.server.launch_id(request)):
            raise InvalidRequestError(
                "The launch was used before.", redirect_uri=request.payload.redirect_uri
            )
        self.server.tokens.save_code(code, _code(request, launch, self.server.settings.fhir_base))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """Take the code: from here on it is used, whatever comes."""
        found: Code | None = self.server.tokens.use_code(code, client)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Nothing: taking the code was using it, and a second use has to be recognised."""

    def authenticate_user(self, authorization_code: Code) -> str | None:
        """The user who authorized."""
        return authorization_code.grant.user


class SmartChallenge(CodeChallenge):  # type: ignore[misc] # authlib has no types
    """PKCE is mandatory for every client, and S256 its only method."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Raise InvalidRequestError unless there is an S256 challenge."""
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge with code_challenge_method S256 is needed.")
        super().validate_code_challenge(grant, redirect_uri)


class SmartContext:
    """What SMART adds to an authorization request: state, aud, launch and the scopes they need."""

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.validate)

    def validate(self, grant: Any, redirect_uri: str) -> None:
        """Raise InvalidRequestError or InvalidScopeError."""
        data, scopes = grant.request.payload.data, grant.request.scope.split()
        if not data.get("state"):
            raise InvalidRequestError("state is needed.")
        if data.get("aud") != grant.server.settings.fhir_base:
            raise InvalidRequestError("aud has to be the FHIR base URL.")
        if bool(data.get("launch")) != ("launch" in scopes):
            raise InvalidScopeError("The launch parameter and the launch scope go together.")
        if data.get("launch") and grant.server.launch_of(grant.request) is None:
            raise InvalidRequestError("The launch is unknown, expired or was used before.")


class Refresh(RefreshTokenGrant):  # type: ignore[misc] # authlib has no types
    """Refresh tokens are exchanged for new ones; a used one coming back revokes the family."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """A live refresh token of this client."""
        found: Token | None = self.server.tokens.find(refresh_token, "refresh")
        if found is None or not found.check_client(self.request.client) or found.expired:
            return None
        if found.revoked:
            self.server.tokens.revoke_family(found.grant.family)
            return None
        return found

    def authenticate_user(self, refresh_token: Token) -> str | None:
        """The user who authorized."""
        return refresh_token.grant.user

    def issue_token(self, user: str, refresh_token: Token) -> Any:
        """Mark the old token as used before a new one exists."""
        if not self.server.tokens.exchange(refresh_token):
            raise InvalidGrantError()
        return super().issue_token(user, refresh_token)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """Nothing: it was marked as used."""


class BackendService(ClientCredentialsGrant):  # type: ignore[misc] # authlib has no types
    """SMART Backend Services."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("private_key_jwt",)


class Issuer(IssuerParameter):  # type: ignore[misc] # authlib has no types
    """Names the issuer in every authorization response (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """The OpenID issuer."""
        return self._issuer


def _code(request: Any, launch: Launch | None, audience: str) -> Code:
    grant = Grant(
        client_id=request.client.client_id,
        scope=request.scope,
        audience=audience,
        user=launch.user if launch else CLINICIAN,
        patient=launch.patient if launch else None,
        encounter=launch.encounter if launch else None,
        need_patient_banner=launch is None or launch.standalone or not launch.framed,
        nonce=request.payload.data.get("nonce"),
        family=new_family(),
    )
    return Code(grant, request.payload.redirect_uri, request.payload.data["code_challenge"])
