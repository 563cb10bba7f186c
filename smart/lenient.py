"""Reading parsed FHIR JSON whose shape cannot be trusted: what is not as expected is absent."""

from __future__ import annotations

import math
from typing import Any


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
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value > 0 else None
