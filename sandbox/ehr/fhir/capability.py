"""What the server says about itself: CapabilityStatement and SMART configuration."""

from __future__ import annotations

from typing import Any

from sandbox.ehr.auth.scopes import CONTEXT_SCOPES
from sandbox.ehr.fhir.parameters import TYPES, Parameter
from sandbox.ehr.personality import IGNORED, Personality
from sandbox.ehr.settings import Settings

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")
WRITING = ("create", "update", "delete")
CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v2",
)


def capability_statement(settings: Settings) -> dict[str, Any]:
    """The CapabilityStatement, with the security extension older clients discover by."""
    like = settings.personality
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2025-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "software": {"name": "Sandbox EHR"},
        "implementation": {"description": "Synthetic patients only", "url": settings.fhir_base},
        "rest": [
            {
                "mode": "server",
                "security": _security(settings),
                "resource": [
                    _resource(type_, known, like)
                    for type_, known in TYPES.items()
                    if type_ not in like.unknown
                ],
                "interaction": _bundles(like),
            }
        ],
    }


def smart_configuration(settings: Settings) -> dict[str, Any]:
    """SMART App Launch 2.2 discovery document; also serves as OpenID configuration."""
    asymmetric = ["RS384", "ES384"]
    methods = ["private_key_jwt", "client_secret_basic", "none"]
    return {
        "issuer": settings.issuer,
        "jwks_uri": f"{settings.issuer}/jwks",
        "authorization_endpoint": f"{settings.issuer}/authorize",
        "token_endpoint": settings.token_url,
        "introspection_endpoint": f"{settings.issuer}/introspect",
        "revocation_endpoint": f"{settings.issuer}/revoke",
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": asymmetric,
        "scopes_supported": [*CONTEXT_SCOPES, *_example_scopes()],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "nonce",
            "name",
            "profile",
            "fhirUser",
        ],
        "authorization_response_iss_parameter_supported": True,
        "capabilities": list(CAPABILITIES),
    }


def _example_scopes() -> list[str]:
    return ["patient/*.rs", "user/*.rs", "system/*.rs", "user/*.cruds", "system/*.cruds"]


def _security(settings: Settings) -> dict[str, Any]:
    addresses = {
        "authorize": f"{settings.issuer}/authorize",
        "token": settings.token_url,
        "introspect": f"{settings.issuer}/introspect",
        "revoke": f"{settings.issuer}/revoke",
    }
    parts = [{"url": name, "valueUri": address} for name, address in addresses.items()]
    return {
        "extension": [{"url": OAUTH_URIS, "extension": parts}],
        "service": [{"coding": [{"system": SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
    }


def _bundles(like: Personality) -> list[dict[str, str]]:
    return [{"code": "transaction"}, {"code": "batch"}] if like.transactions else []


def _resource(type_: str, known: dict[str, Parameter], like: Personality) -> dict[str, Any]:
    includes = [f"{type_}:{name}" for name, found in known.items() if found.kind == "reference"]
    parameters = [{"name": found.name, "type": found.kind} for found in known.values()]
    always = [{"name": "_id", "type": "token"}, {"name": "_lastUpdated", "type": "date"}]
    return {
        "type": type_,
        "interaction": [
            {"code": code} for code in INTERACTIONS if like.writes(type_) or code not in WRITING
        ],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": like.puts_create and like.writes(type_),
        "conditionalCreate": like.condition != IGNORED and like.writes(type_),
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchInclude": includes,
        "searchParam": [*always, *parameters],
    }
