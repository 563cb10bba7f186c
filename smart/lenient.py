"""Reading parsed FHIR JSON whose shape cannot be trusted: what is not as expected is absent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from smart.identifiers import FHIR_ID

Resource = Mapping[str, Any]


class Unusable(Exception):
    """The resource lacks what every reading of it needs (id, status)."""


def named(resource: Resource, *, needs_status: bool = True) -> tuple[str, str]:
    """A resource as "Kind/id", and its status; raises Unusable where either is missing."""
    identifier, status = resource.get("id"), text(resource.get("status"))
    if not isinstance(identifier, str) or not FHIR_ID.fullmatch(identifier):
        raise Unusable(str(resource.get("resourceType")))
    if needs_status and not status:
        raise Unusable(str(resource.get("resourceType")))
    return f"{resource.get('resourceType')}/{identifier}", status


def mapping(value: object) -> dict[str, Any]:
    """The object itself, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in a list; anything else in it is left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A text without blanks around it, or ""."""
    return value.strip() if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number above zero, or None."""
    if type(value) is not int and type(value) is not float:  # JSON has no others; bool is none
        return None
    try:
        return float(value) if math.isfinite(value) and value > 0 else None
    except OverflowError:
        return None


def words_of(concept: object) -> str:
    """A CodeableConcept in words: its text, otherwise the first display, otherwise ""."""
    known = mapping(concept)
    shown = (text(coding.get("display")) for coding in mappings(known.get("coding")))
    return text(known.get("text")) or next(filter(None, shown), "")
