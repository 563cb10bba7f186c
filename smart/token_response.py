"""Reading a token response: the tokens, what was granted, and the launch context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smart.errors import EhrMisconfigured

DEFAULT_SECONDS = 300  # expires_in is only recommended; assume little where it is missing
LONGEST_TOKEN = 16_384
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and what came with it; absent texts are ""."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id_token: str = field(repr=False)
    seconds: int
    scopes: frozenset[str]
    patient: str
    encounter: str
    need_patient_banner: bool
    intent: str
    style_url: str


def parse_tokens(document: Mapping[str, Any], granted: frozenset[str] = frozenset()) -> Tokens:
    """Read a 200 answer of a token endpoint; raises EhrMisconfigured.

    Required: access_token, token_type Bearer (in any case), and scope unless `granted` says what
    holds without it (RFC 6749 section 6). An id that is not a FHIR id is refused. Without
    need_patient_banner the app shows its own banner.
    """
    if _text(document, "token_type").lower() != "bearer":
        raise EhrMisconfigured("the token type is not Bearer")
    return Tokens(
        access=_required(document, "access_token"),
        refresh=_text(document, "refresh_token"),
        id_token=_text(document, "id_token"),
        seconds=_seconds(document.get("expires_in")),
        scopes=_scopes(document, granted),
        patient=_identifier(document, "patient"),
        encounter=_identifier(document, "encounter"),
        need_patient_banner=document.get("need_patient_banner") is not False,
        intent=_text(document, "intent"),
        style_url=_text(document, "smart_style_url"),
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name) or ""
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN:
        raise EhrMisconfigured(f"the token response's {name} is not a usable text")
    return value


def _scopes(document: Mapping[str, Any], granted: frozenset[str]) -> frozenset[str]:
    named = frozenset(_text(document, "scope").split()) or granted
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
