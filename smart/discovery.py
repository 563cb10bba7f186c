"""What an EHR says of itself at ``.well-known/smart-configuration``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin

from smart.errors import EhrMisconfigured
from smart.scopes import is_version_2

Source = Literal["smart-configuration", "capability-statement"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The parts of a SMART configuration that a client acts on; an absent URL is ""."""

    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    identity_issuer: str
    jwks_uri: str
    capabilities: frozenset[str]
    scopes_supported: frozenset[str]
    assertion_algorithms: frozenset[str]
    names_itself: bool  # RFC 9207: the callback carries `iss`
    source: Source = "smart-configuration"

    @property
    def knows_scopes_v2(self) -> bool:
        """Whether granular scopes (``.rs``) may be asked for."""
        said = "permission-v2" in self.capabilities
        return said or any(map(is_version_2, self.scopes_supported))

    @property
    def takes_post(self) -> bool:
        """Whether an authorization request may be sent as a form."""
        return "authorize-post" in self.capabilities


def parse_configuration(
    document: Mapping[str, Any],
    fhir_base: str,
    allowed: Callable[[str], bool],
    source: Source = "smart-configuration",
) -> Configuration:
    """Read a configuration document.

    Relative endpoints are resolved against the FHIR base. Raises EhrMisconfigured where an
    endpoint is missing or not `allowed`, or where PKCE with S256 is not offered. (A capability
    statement cannot say that it offers PKCE; the client uses S256 all the same.)
    """
    endpoint = _Endpoints(document, fhir_base, allowed)
    methods = _words(document, "code_challenge_methods_supported")
    if source == "smart-configuration" and "S256" not in methods:
        raise EhrMisconfigured("the EHR does not offer PKCE with S256")
    return Configuration(
        authorization_endpoint=endpoint.required("authorization_endpoint"),
        token_endpoint=endpoint.required("token_endpoint"),
        revocation_endpoint=endpoint.optional("revocation_endpoint"),
        introspection_endpoint=endpoint.optional("introspection_endpoint"),
        identity_issuer=endpoint.identifier("issuer"),
        jwks_uri=endpoint.optional("jwks_uri"),
        capabilities=_words(document, "capabilities"),
        scopes_supported=_words(document, "scopes_supported"),
        assertion_algorithms=_words(document, "token_endpoint_auth_signing_alg_values_supported"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        source=source,
    )


@dataclass(frozen=True, slots=True)
class _Endpoints:
    document: Mapping[str, Any]
    fhir_base: str
    allowed: Callable[[str], bool]

    def required(self, name: str) -> str:
        url = self.optional(name)
        if not url:
            raise EhrMisconfigured(f"the EHR names no {name}")
        return url

    def optional(self, name: str) -> str:
        given = self._text(name)
        return (
            self._checked(name, urljoin(self.fhir_base.rstrip("/") + "/", given)) if given else ""
        )

    def identifier(self, name: str) -> str:
        """An identifier is compared letter by letter, so it is never resolved."""
        given = self._text(name)
        return self._checked(name, given) if given else ""

    def _text(self, name: str) -> str:
        value = self.document.get(name) or ""
        if not isinstance(value, str):
            raise EhrMisconfigured(f"the EHR's {name} is not a text")
        return value

    def _checked(self, name: str, url: str) -> str:
        if "#" in url or not self.allowed(url):
            raise EhrMisconfigured(f"the EHR's {name} is outside the origins this site allows")
        return url


def _words(document: Mapping[str, Any], name: str) -> frozenset[str]:
    value = document.get(name)
    return (
        frozenset(v for v in value if isinstance(v, str))
        if isinstance(value, list)
        else frozenset()
    )
