"""A CapabilityStatement, as far as it says what may be done with which kind of resource. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smart.lenient import mapping, mappings, text

LETTERS = {
    "create": "c",
    "read": "r",
    "update": "u",
    "delete": "d",
    "search-type": "s",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server offers for one kind: letters of c, r, u, d, s, and safe ways of creating."""

    letters: frozenset[str]
    conditional_create: bool
    update_create: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """What a server offers, by kind of resource; `transactions` are all-or-nothing Bundles."""

    software: str
    offers: Mapping[str, Offer]
    transactions: bool

    def offers_all(self, kind: str, letters: str) -> bool:
        """Tell whether every letter is offered for a kind."""
        offer = self.offers.get(kind)
        return offer is not None and set(letters) <= offer.letters


def parse_statement(document: Mapping[str, Any] | None) -> Statement | None:
    """Read a CapabilityStatement; None where it is not one or says nothing of resources."""
    if document is None or document.get("resourceType") != "CapabilityStatement":
        return None
    servers = [r for r in mappings(document.get("rest")) if r.get("mode", "server") == "server"]
    resources = [each for rest in servers for each in mappings(rest.get("resource"))]
    if not resources:
        return None
    software = mapping(document.get("software"))
    return Statement(
        software=" ".join(filter(None, (text(software.get(n)) for n in ("name", "version")))),
        offers={text(each.get("type")): _offer(each) for each in resources},
        transactions=any("transaction" in _codes(rest) for rest in servers),
    )


def _offer(resource: Mapping[str, Any]) -> Offer:
    return Offer(
        frozenset(LETTERS[code] for code in _codes(resource) if code in LETTERS),
        conditional_create=resource.get("conditionalCreate") is True,
        update_create=resource.get("updateCreate") is True,
    )


def _codes(part: Mapping[str, Any]) -> list[str]:
    return [text(each.get("code")) for each in mappings(part.get("interaction"))]
