"""Discovery as it was before ``.well-known``: the oauth-uris of a CapabilityStatement.

SMART App Launch 2.2 deprecates it. It is read only where the EHR answers the well-known address
with 404, as servers older than SMART App Launch 2.0 do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from smart.lenient import mapping, mappings, text

EXTENSIONS = "http://fhir-registry.smarthealthit.org/StructureDefinition/"
OAUTH_URIS = EXTENSIONS + "oauth-uris"
CAPABILITIES = EXTENSIONS + "capabilities"
NAMES: Mapping[str, str] = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "revoke": "revocation_endpoint",
    "introspect": "introspection_endpoint",
}


def as_configuration(statement: Mapping[str, Any]) -> dict[str, Any]:
    """What a CapabilityStatement says of the authorization server, as a SMART configuration."""
    found: dict[str, Any] = {"capabilities": []}
    for extension in _security_extensions(statement):
        if extension.get("url") == OAUTH_URIS:
            found.update(_endpoints(extension))
        elif extension.get("url") == CAPABILITIES:
            found["capabilities"].append(text(extension.get("valueCode")))
    return found


def _security_extensions(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for rest in mappings(statement.get("rest")):
        if rest.get("mode", "server") == "server":
            yield from mappings(mapping(rest.get("security")).get("extension"))


def _endpoints(extension: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for part in mappings(extension.get("extension")):
        name = NAMES.get(text(part.get("url")))
        if name:
            yield name, text(part.get("valueUri"))
