"""What a launch is about besides patient and encounter: `fhirContext` of a token response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smart.lenient import mapping, mappings, text

LAUNCH = "launch"
MOST_ITEMS = 50
LONGEST = 2_000
# these two come as `patient` and `encounter`; in the list they stand only in another role
ELSEWHERE = ("Patient", "Encounter")


@dataclass(frozen=True, slots=True)
class ContextItem:
    """One thing the app was launched with; exactly one of the first three is not "".

    `identifier` is "system|value". `type` is a FHIR type, "" where it is not said.
    """

    reference: str
    canonical: str
    identifier: str
    type: str
    role: str


def parse_fhir_context(value: object) -> tuple[ContextItem, ...]:
    """Read a fhirContext; an item without a role has the role "launch".

    Unknown properties are ignored. What is no item, or says not exactly one thing, is left out.
    """
    items = (_item(entry) for entry in mappings(value)[:MOST_ITEMS])
    return tuple(item for item in items if item is not None)


def _item(entry: Mapping[str, Any]) -> ContextItem | None:
    item = ContextItem(
        reference=_bounded(entry.get("reference")),
        canonical=_bounded(entry.get("canonical")),
        identifier=_identifier(entry.get("identifier")),
        type=_bounded(entry.get("type")),
        role=_bounded(entry.get("role")) or LAUNCH,
    )
    said = [each for each in (item.reference, item.canonical, item.identifier) if each]
    return item if len(said) == 1 and not _elsewhere(item) else None


def _elsewhere(item: ContextItem) -> bool:
    kind = item.type or (item.reference.split("/")[-2:] or [""])[0]
    return item.role == LAUNCH and kind in ELSEWHERE


def _identifier(value: object) -> str:
    found = mapping(value)
    system, written = _bounded(found.get("system")), _bounded(found.get("value"))
    return f"{system}|{written}" if written else ""


def _bounded(value: object) -> str:
    found = text(value)
    return found if len(found) <= LONGEST else ""
