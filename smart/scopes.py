"""The scopes of SMART, versions 1 and 2: what to ask for, and what was granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LETTERS = "cruds"
READING, WRITING = "rs", "cud"
VERSION_1 = {"read": READING, "write": WRITING, "*": LETTERS}
PREFIXES = (
    "http://smarthealthit.org/fhir/scopes/",
    "http://openid.net/specs/openid-connect-core-1_0#",
)
RESOURCE = re.compile(
    r"(?P<who>patient|user|system)/(?P<kind>[A-Z][A-Za-z]+|\*)"
    r"\.(?P<what>[a-z]+|\*)(?:\?(?P<query>.+))?"
)
ALLOWED = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 3.3
PAIR = re.compile(r"[^=&\s]+=[^=&\s]+")
CONTEXT = re.compile(r"launch(?:/[a-z]+(?:\?role=[^&?\s]+)?)?")


class BadScope(ValueError):
    """A scope that has no defined meaning: correct it in the registry."""


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """Interactions on a type of resource (or "*"); `query` narrows them, "" where it does not."""

    who: str
    kind: str
    letters: str
    query: str = ""

    def __str__(self) -> str:
        return f"{self.who}/{self.kind}.{self.letters}{'?' if self.query else ''}{self.query}"

    def covers(self, other: ResourceScope) -> bool:
        """Tell whether whoever has this one needs the other one no more."""
        return (
            self.who == other.who
            and self.kind in ("*", other.kind)
            and set(other.letters) <= set(self.letters)
            and self.query in ("", other.query)
        )


def parse(scope: str) -> ResourceScope | None:
    """Read a resource scope of either version, in its short or URI form; None for any other.

    Letters out of order or doubled, an empty list and a query without values grant nothing.
    """
    found = RESOURCE.fullmatch(short(scope))
    if found is None:
        return None
    letters = VERSION_1.get(found["what"], found["what"])
    query = found["query"] or ""
    version_1 = found["what"] in VERSION_1
    if not _in_order(letters) or (query and (version_1 or not _pairs(query))):
        return None
    return ResourceScope(found["who"], found["kind"], letters, query)


def short(scope: str) -> str:
    """A scope without the prefix of its URI form."""
    for prefix in PREFIXES:
        scope = scope.removeprefix(prefix)
    return scope


def is_version_2(scope: str) -> bool:
    """Tell whether a scope is written as only version 2 knows it."""
    found = RESOURCE.fullmatch(short(scope))
    return found is not None and found["what"] not in VERSION_1 and parse(scope) is not None


def permits(scopes: Iterable[str], kind: str, letter: str) -> bool:
    """Tell whether any scope allows `letter` (c, r, u, d or s) on resources of `kind`."""
    known = (parse(scope) for scope in scopes)
    return any(each and each.kind in ("*", kind) and letter in each.letters for each in known)


def check(scopes: Iterable[str]) -> None:
    """Raise BadScope, naming it, where a scope to be asked for does not follow the grammar."""
    for scope in scopes:
        launch = scope.startswith("launch")
        wrong = launch and not CONTEXT.fullmatch(scope)
        if wrong or ("/" in short(scope) and not launch and not _is_known(scope)):
            raise BadScope(f"{scope!r} is not a scope of SMART App Launch")
        if not ALLOWED.fullmatch(scope):
            raise BadScope(f"{scope!r} has characters that a scope cannot have")


def _is_known(scope: str) -> bool:
    return parse(scope) is not None or "://" in short(scope)  # a vendor's own, as a URI


def shortest(scopes: Iterable[str]) -> tuple[str, ...]:
    """The same permissions in their shortest form: united letters, nothing said twice."""
    plain: dict[str, None] = {}
    united: dict[tuple[str, str, str], set[str]] = {}
    for scope in scopes:
        resource = parse(scope)
        if resource is None:
            plain[scope] = None
        else:
            place = (resource.who, resource.kind, resource.query)
            united.setdefault(place, set()).update(resource.letters)
    merged = [
        ResourceScope(who, kind, _ordered(letters), query)
        for (who, kind, query), letters in united.items()
    ]
    kept = (s for s in merged if not any(o.covers(s) for o in merged if o is not s))
    return (*plain, *map(str, kept))


def asked(scopes: Iterable[str], *, version_2: bool) -> tuple[str, ...]:
    """What a request says to ask for `scopes`: the shortest form the server knows.

    Raises BadScope.
    """
    wanted = tuple(scopes)
    check(wanted)
    brief = shortest(wanted)
    return brief if version_2 else version_1(brief)


def version_1(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes as a server without permission-v2 knows them; such a one knows no queries."""
    return tuple(dict.fromkeys(old for scope in scopes for old in _version_1(scope)))


def _version_1(scope: str) -> Iterator[str]:
    resource = parse(scope)
    if resource is None:
        yield scope
        return
    start = f"{resource.who}/{resource.kind}"
    if resource.letters == LETTERS:
        yield f"{start}.*"
        return
    for word, letters in (("read", READING), ("write", WRITING)):
        if set(letters) & set(resource.letters):
            yield f"{start}.{word}"


def for_ehr_launch(scopes: Iterable[str]) -> tuple[str, ...]:
    """What to ask for where the EHR has opened the app on a chart."""
    return ("launch", *(scope for scope in scopes if scope != "launch"))


def for_standalone(scopes: Iterable[str]) -> tuple[str, ...]:
    """What to ask for where no chart is open yet: the EHR has the patient picked."""
    rest = (scope for scope in scopes if scope not in ("launch", "launch/patient"))
    return ("launch/patient", *rest)


def reading_only(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes without anything that writes."""
    return frozenset(read for scope in scopes for read in _reading(scope))


def _reading(scope: str) -> Iterator[str]:
    resource = parse(scope)
    if resource is None:
        yield scope
    elif kept := _ordered(set(resource.letters) & set(READING)):
        yield str(ResourceScope(resource.who, resource.kind, kept, resource.query))


def withheld(asked: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """The interactions asked for that were not granted, in their shortest form."""
    known = tuple(granted)
    missing = [
        str(ResourceScope(scope.who, scope.kind, letter, scope.query))
        for scope in filter(None, map(parse, asked))
        for letter in scope.letters
        if not _grants(known, scope.kind, letter)
    ]
    return shortest(missing)


def _grants(granted: tuple[str, ...], kind: str, letter: str) -> bool:
    """Whether it was granted at all; a wildcard asked for is met by any of its types."""
    if kind == "*":
        return any(scope and letter in scope.letters for scope in map(parse, granted))
    return permits(granted, kind, letter)


def _ordered(letters: Iterable[str]) -> str:
    return "".join(letter for letter in LETTERS if letter in set(letters))


def _in_order(letters: str) -> bool:
    return bool(letters) and letters == _ordered(letters)


def _pairs(query: str) -> bool:
    return all(PAIR.fullmatch(pair) for pair in query.split("&"))
