"""A simulated EHR: SMART configuration, authorization server and FHIR server at one origin."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.conformance.simulator import identity
from tests.conformance.simulator.authorization import AuthorizationEndpoint
from tests.conformance.simulator.behaviour import Behaviour
from tests.conformance.simulator.fhir import FhirServer
from tests.conformance.simulator.people import order, patient, user
from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.simulator.registrations import Registration, Registry
from tests.conformance.simulator.server import Answer, LoopbackServer, of_json, of_text
from tests.conformance.simulator.tokens import TokenEndpoint

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-ehr-patient",
    "context-standalone-patient",
    "permission-patient",
    "permission-user",
    "permission-offline",
)


@dataclass
class SimulatedEhr:
    """Listens from the start; `published_kids` are the signing keys it publishes at the moment."""

    recording: Recording = field(default_factory=Recording)
    behaviour: Behaviour = field(default_factory=Behaviour)
    name: str = "ehr"
    published_kids: list[str] = field(default_factory=lambda: ["sim-1"])
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._server = LoopbackServer(self.name, self.recording, self._handle, tls=self.tls)
        self.url = self._server.url
        self.base = f"{self.url}/fhir"
        self.issuer = f"{self.url}/oidc"
        self.registry = Registry(f"{self.url}/auth/token")
        clients = self.registry.clients
        self.authorization = AuthorizationEndpoint(self.behaviour, clients, self.base)
        self.tokens = TokenEndpoint(
            self.behaviour, self.registry, self.authorization, self.base, self.issuer
        )
        self.fhir = FhirServer(self.behaviour, self.base, self.tokens.accepts)
        self.fhir.put(patient(), patient("bob", "Boole"), user(), order("m1", "Apixaban 5 mg"))

    def __enter__(self) -> SimulatedEhr:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def register(self, registration: Registration) -> None:
        """Register a client."""
        self.registry.add(registration)

    def _handle(self, sent: Sent) -> Answer:
        queue = self.behaviour.first.get(sent.path)
        if queue and (given := queue.pop(0)) is not None:
            return given
        if sent.path in self.behaviour.always:
            return self.behaviour.always[sent.path]
        return self._usual(sent)

    def _usual(self, sent: Sent) -> Answer:
        if sent.path == "/fhir/.well-known/smart-configuration":
            known = self.behaviour.well_known
            return of_json(self._configuration()) if known else of_text("not here", 404)
        if sent.path == "/fhir/metadata":
            return of_json(self._capability_statement())
        if sent.path == "/oidc/.well-known/openid-configuration":
            return of_json(self._openid_configuration())
        if sent.path == "/auth/jwks":
            return of_json(identity.published(self.published_kids))
        if sent.path == "/auth/authorize":
            return self.authorization.answer(sent)
        if sent.path == "/auth/token":
            return self.tokens.answer(sent)
        if sent.path == "/auth/introspect":
            return self.tokens.introspect(sent)
        if sent.path == "/auth/revoke":
            return self.tokens.revoke(sent)
        if sent.path.startswith("/fhir"):
            return self.fhir.answer(sent)
        return of_text("not here", 404)

    def _endpoint(self, path: str) -> str:
        return f"..{path}" if self.behaviour.relative_endpoints else f"{self.url}{path}"

    def _configuration(self) -> dict[str, Any]:
        capabilities = [*CAPABILITIES, *self.behaviour.permission]
        if self.behaviour.post_authorize:
            capabilities.append("authorize-post")
        introspection = self._endpoint("/auth/introspect") if self.behaviour.introspection else None
        known = {
            "issuer": self.issuer,
            "jwks_uri": self._endpoint("/auth/jwks"),
            "authorization_endpoint": self._endpoint("/auth/authorize"),
            "token_endpoint": self._endpoint("/auth/token"),
            "revocation_endpoint": self._endpoint("/auth/revoke"),
            "introspection_endpoint": introspection,
            "capabilities": capabilities,
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
            "code_challenge_methods_supported": ["S256"],
            **self.behaviour.configuration,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _openid_configuration(self) -> dict[str, Any]:
        known = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.url}/auth/jwks",
            "authorization_endpoint": f"{self.url}/auth/authorize",
            "token_endpoint": f"{self.url}/auth/token",
            **self.behaviour.openid_configuration,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _capability_statement(self) -> dict[str, Any]:
        uris = [
            {"url": part, "valueUri": f"{self.url}/auth/{part}"} for part in ("authorize", "token")
        ]
        security = {"extension": [{"url": OAUTH_URIS, "extension": uris}]}
        rest: dict[str, Any] = {"mode": "server"}
        if not self.behaviour.well_known:
            rest["security"] = security
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "fhirVersion": "4.0.1",
            "rest": [rest],
        }
