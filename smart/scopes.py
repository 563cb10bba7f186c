"""What granted scopes allow (SMART scopes, versions 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Iterable

SCOPE = re.compile(
    r"(?P<who>patient|user|system)/(?P<kind>[A-Za-z]+|\*)\.(?P<what>[a-z*]+)(\?(?P<filter>.*))?"
)
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
LETTERS = "cruds"


def permits(scopes: Iterable[str], kind: str, letter: str) -> bool:
    """Tell whether any scope allows `letter` (c, r, u, d or s) on resources of `kind`."""
    return any(_permits(scope, kind, letter) for scope in scopes)


def _permits(scope: str, kind: str, letter: str) -> bool:
    found = SCOPE.fullmatch(scope)
    if found is None or found["kind"] not in (kind, "*"):
        return False
    letters = VERSION_1.get(found["what"], found["what"])
    return letter in letters and _in_order(letters)


def _in_order(letters: str) -> bool:
    """Letters out of order have no defined meaning, so they grant nothing."""
    places = [LETTERS.find(letter) for letter in letters]
    return -1 not in places and places == sorted(set(places))
