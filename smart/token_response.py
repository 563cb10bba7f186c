"""Reading a token response: the tokens, what was granted, and the launch context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smart.errors import EhrMisconfigured
from smart.identifiers import FHIR_ID
from smart.launch_context import ContextItem, parse_fhir_context
from smart.scopes import short

DEFAULT_SECONDS = 300  # expires_in is only recommended; assume little where it is missing
LONGEST_TOKEN = 16_384
LONGEST_OPTIONAL = 2_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and what came with it; absent texts are ""."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id_token: str = field(repr=False)
    seconds: int
    scopes: frozenset[str]
    scopes_said: bool  # False: the response names none
    patient: str
    encounter: str
    fhir_context: tuple[ContextItem, ...]
    need_patient_banner: bool
    intent: str
    style_url: str
    tenant: str


def parse_tokens(document: Mapping[str, Any], unsaid: frozenset[str] = frozenset()) -> Tokens:
    """Read a 200 answer of a token endpoint; raises EhrMisconfigured.

    Required: access_token, token_type Bearer (in any case), and scope unless `unsaid` tells what
    holds without it (RFC 6749 sections 5.1 and 6). An id that is not a FHIR id is refused. Only
    a need_patient_banner of false keeps the app from showing its own banner. What concerns the
    look of the app (intent, style, fhirContext) is left out where it cannot be read.
    """
    if _text(document, "token_type").lower() != "bearer":
        raise EhrMisconfigured("the token type is not Bearer")
    return Tokens(
        access=_required(document, "access_token"),
        refresh=_text(document, "refresh_token"),
        id_token=_text(document, "id_token"),
        seconds=_seconds(document.get("expires_in")),
        scopes=_scopes(document, unsaid),
        scopes_said=bool(_text(document, "scope")),
        patient=_identifier(document, "patient"),
        encounter=_identifier(document, "encounter"),
        fhir_context=parse_fhir_context(document.get("fhirContext")),
        need_patient_banner=document.get("need_patient_banner") is not False,
        intent=_optional(document, "intent"),
        style_url=_optional(document, "smart_style_url"),
        tenant=_optional(document, "tenant"),
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name) or ""
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN:
        raise EhrMisconfigured(f"the token response's {name} is not a usable text")
    return value


def _optional(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) and len(value) <= LONGEST_OPTIONAL else ""


def _scopes(document: Mapping[str, Any], unsaid: frozenset[str]) -> frozenset[str]:
    named = frozenset(map(short, _text(document, "scope").split())) or unsaid
    if not named:
        raise EhrMisconfigured("the token response has no scope")
    return named


def _required(document: Mapping[str, Any], name: str) -> str:
    value = _text(document, name)
    if not value:
        raise EhrMisconfigured(f"the token response has no {name}")
    return value


def _identifier(document: Mapping[str, Any], name: str) -> str:
    value = _text(document, name)
    if value and not FHIR_ID.fullmatch(value):
        raise EhrMisconfigured(f"the token response's {name} is not a FHIR id")
    return value


def _seconds(value: object) -> int:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return DEFAULT_SECONDS
    return min(value, 86_400)
