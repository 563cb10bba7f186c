"""SMART scopes, version 2: ``(patient|user|system)/(Type|*).cruds[?search]``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

CONTEXT_SCOPES = (
    "openid",
    "fhirUser",
    "profile",
    "launch",
    "launch/patient",
    "offline_access",
    "online_access",
)
GRAMMAR = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)"
    r"\.(?P<actions>c?r?u?d?s?)(?:\?(?P<search>[^ ]+))?"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Permission for some interactions on one resource type (or ``*``)."""

    level: str
    type: str
    actions: str
    search: str = ""

    def __str__(self) -> str:
        search = f"?{self.search}" if self.search else ""
        return f"{self.level}/{self.type}.{self.actions}{search}"

    def covers(self, type_: str, action: str) -> bool:
        """Whether it allows one interaction letter on a type."""
        return self.type in ("*", type_) and action in self.actions

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The search parameters that narrow it."""
        return tuple(parse_qsl(self.search))


def parse(text: str) -> Scope | None:
    """A resource scope, or None for anything else (context scopes, bad grammar)."""
    match = GRAMMAR.fullmatch(text)
    if match is None or not match["actions"]:
        return None
    return Scope(match["level"], match["type"], match["actions"], match["search"] or "")


def resource_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """The resource scopes among the given scope strings."""
    return tuple(scope for text in texts if (scope := parse(text)))


def grant(requested: str, registered: Iterable[str]) -> str:
    """What is both requested and registered, as a scope string in the order requested."""
    registered = tuple(registered)
    granted: dict[str, None] = {}
    for text in requested.split():
        if text in CONTEXT_SCOPES and text in registered:
            granted[text] = None
        elif wanted := parse(text):
            overlaps = (_overlap(wanted, known) for known in resource_scopes(registered))
            granted.update({str(scope): None for scope in overlaps if scope})
    return " ".join(granted)


def _overlap(wanted: Scope, known: Scope) -> Scope | None:
    types = {wanted.type, known.type}
    actions = "".join(letter for letter in wanted.actions if letter in known.actions)
    if wanted.level != known.level or not actions or (len(types) > 1 and "*" not in types):
        return None
    if known.search and wanted.search not in ("", known.search):
        return None
    narrower = max(types, key=lambda name: name != "*")
    return Scope(wanted.level, narrower, actions, wanted.search or known.search)
