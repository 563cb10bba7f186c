"""What an EHR says of itself before it is registered: endpoints, abilities, kinds of resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from requests import Response

from app.ehr.statement import Statement, parse_statement
from config.origins import origin
from safeguards.egress import Egress
from smart.answers import json_object, send
from smart.capability_statement import as_configuration
from smart.errors import EhrError, EhrMisconfigured

WELL_KNOWN = ".well-known/smart-configuration"
MAXIMUM_BYTES = 256_000
LARGEST_STATEMENT = 8_000_000
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "jwks_uri",
    "issuer",
)


@dataclass(frozen=True, slots=True)
class Discovered:
    """The SMART configuration as it came, and the CapabilityStatement where it could be read."""

    issuer: str
    document: Mapping[str, Any]
    source: str
    statement: Statement | None

    @property
    def endpoints(self) -> dict[str, str]:
        """The addresses it names, relative ones resolved against the FHIR base."""
        base = self.issuer.rstrip("/") + "/"
        named = {name: self.document.get(name) for name in ENDPOINTS}
        return {name: urljoin(base, url) for name, url in named.items() if isinstance(url, str)}

    @property
    def foreign_origins(self) -> tuple[str, ...]:
        """Origins of its endpoints besides the issuer's own."""
        own = origin(self.issuer)
        found = (origin(url) for url in self.endpoints.values())
        return tuple(dict.fromkeys(each for each in found if each != own))

    def words(self, name: str) -> frozenset[str]:
        """A list of texts in the document, empty where there is none."""
        value = self.document.get(name)
        listed = value if isinstance(value, list) else []
        return frozenset(each for each in listed if isinstance(each, str))


def discover(issuer: str, egress: Egress) -> Discovered:
    """Ask the EHR; raises EhrUnavailable, EhrMisconfigured.

    Only where it does not know the well-known address its CapabilityStatement is used instead.
    """
    base = issuer.rstrip("/")
    answer = _get(egress, f"{base}/{WELL_KNOWN}", MAXIMUM_BYTES)
    statement = _statement(egress, base)
    if answer.status_code == 200:
        document = json_object(answer, limit=MAXIMUM_BYTES)
        return Discovered(issuer, document, WELL_KNOWN, parse_statement(statement))
    found = as_configuration(statement or {})
    if answer.status_code != 404 or "token_endpoint" not in found:
        raise EhrMisconfigured(f"{base}/{WELL_KNOWN} answered {answer.status_code}")
    return Discovered(issuer, found, "CapabilityStatement", parse_statement(statement))


def _statement(egress: Egress, base: str) -> dict[str, Any] | None:
    """The CapabilityStatement, or None: some EHRs show it to nobody without a token."""
    try:
        answer = _get(egress, f"{base}/metadata", LARGEST_STATEMENT, "application/fhir+json")
        if answer.status_code == 200:
            return json_object(answer, limit=LARGEST_STATEMENT)
    except EhrError:
        pass
    return None


def _get(egress: Egress, url: str, limit: int, accept: str = "application/json") -> Response:
    return send(egress, "GET", url, headers={"Accept": accept}, maximum_bytes=limit)
