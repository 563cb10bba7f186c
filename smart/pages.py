"""One page of a search: what was asked for, what came along, and what cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from safeguards.strict_json import Ambiguous, Malformed, is_doubtful, loads, loads_around
from smart.errors import EhrMisconfigured, EhrUnavailable
from smart.lenient import mapping, mappings, text

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry that was left out: where it stood, and why. Its content is not kept."""

    page: int
    entry: int
    reason: str


@dataclass(slots=True)
class Found:
    """What a search brought; `problems` says in a sentence each what it did not."""

    resources: list[Resource] = field(default_factory=list)
    included: dict[str, Resource] = field(default_factory=dict)  # by "Kind/id" and by fullUrl
    problems: list[str] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    pages: int = 0


def bundle(raw: bytes, limit: int) -> Resource:
    """Read a page; entries in which something is ambiguous become None.

    Raises EhrUnavailable for an OperationOutcome and EhrMisconfigured for what is no Bundle.
    """
    try:
        page = _unambiguous(raw, limit)
    except Malformed as error:
        raise EhrMisconfigured(f"not the JSON that was asked for: {error}") from error
    kind = mapping(page).get("resourceType")
    if kind == "OperationOutcome":
        raise EhrUnavailable("the EHR answered a search with an OperationOutcome")
    if kind != "Bundle":
        raise EhrMisconfigured("the EHR answered a search with something else")
    return mapping(page)


def next_link(page: Resource) -> str:
    """The address of the next page, "" at the end."""
    for link in mappings(page.get("link")):
        if link.get("relation") == "next":
            return text(link.get("url"))
    return ""


def take(page: Resource, kind: str, found: Found) -> list[Resource]:
    """Sort a page's entries into `found`; the resources of `kind` are returned as well."""
    entries = page.get("entry", [])
    taken: list[Resource] = []
    found.pages += 1
    for index, entry in enumerate(entries if isinstance(entries, list) else [None]):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            found.quarantined.append(Quarantined(found.pages, index, "no resource can be read"))
            continue
        given = resource.get("resourceType")
        if given == kind:
            taken.append(resource)
        elif given == "OperationOutcome":
            found.problems.extend(_remarks(resource))
        elif _came_along(entry):
            found.included |= dict.fromkeys(_names(entry, resource), resource)
        else:
            found.quarantined.append(Quarantined(found.pages, index, "of another kind"))
    found.resources += taken
    return taken


def _unambiguous(raw: bytes, limit: int) -> Any:
    try:
        return loads(raw, limit=limit)
    except Ambiguous as error:
        page = loads_around(raw, limit=limit)
        entries = mapping(page).pop("entry", None)
        if is_doubtful(page) or not isinstance(entries, list):
            raise error
        return page | {"entry": [None if is_doubtful(entry) else entry for entry in entries]}


def _came_along(entry: Resource) -> bool:
    return mapping(entry.get("search")).get("mode") == "include"


def _names(entry: Resource, resource: Resource) -> Iterator[str]:
    yield f"{resource.get('resourceType')}/{resource.get('id')}"
    if url := text(entry.get("fullUrl")):
        yield url


def _remarks(outcome: Resource) -> Iterator[str]:
    for issue in mappings(outcome.get("issue")):
        if issue.get("severity") in {"fatal", "error", "warning"}:
            words = issue.get("diagnostics") or issue.get("code") or "no reason given"
            yield f"The EHR remarks: {str(words)[:200]}"
