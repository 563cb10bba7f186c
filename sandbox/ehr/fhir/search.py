"""Search: the parsed question, the matching ids, and the pages of the answer.

The ids of an answer longer than one page are kept for an hour, so that following ``next`` links
shows each match once even while the chart changes. Links are opaque.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Any

from sandbox.ehr.database import to_micros
from sandbox.ehr.fhir.filters import Fragment, every, is_known, parameter_filter
from sandbox.ehr.fhir.parameters import TYPES
from sandbox.ehr.fhir.problems import Gone, Malformed, NotSupported

DEFAULT_COUNT, MAXIMUM_COUNT = 50, 100
PAGE_LIFE = timedelta(hours=1)
SORT_KEY = (
    "(SELECT min(coalesce(i.low, i.value)) FROM search_index i"
    " WHERE i.type = r.type AND i.id = r.id AND i.parameter = ?)"
)
CONTROLS = frozenset({"_count", "_sort", "_include", "_revinclude", "_format"})

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A search on one type: what filters it, how it is answered, and what was understood."""

    type: str
    filters: tuple[tuple[str, str], ...] = ()
    count: int = DEFAULT_COUNT
    sort: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    reverse_includes: tuple[str, ...] = ()
    understood: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Page:
    """One page of matching ids: ``token`` and ``start`` make the link to the next one."""

    question: Question
    ids: list[str]
    start: int
    total: int
    withheld: int
    token: str | None


def question(type_: str, pairs: Pairs, *, strict: bool) -> Question:
    """Parse a query string; unknown parameters are dropped, or raise NotSupported if strict."""
    understood = [pair for pair in pairs if pair[0] in CONTROLS or is_known(type_, pair[0])]
    if strict and len(understood) < len(pairs):
        unknown = sorted({name for name, _ in pairs} - {name for name, _ in understood})
        raise NotSupported(f"{type_} has no search parameter {', '.join(unknown)}.")
    controls: dict[str, list[str]] = {}
    for name, text in understood:
        controls.setdefault(name, []).append(text)
    return Question(
        type_,
        filters=tuple(pair for pair in understood if pair[0] not in CONTROLS),
        count=_count(controls.get("_count", [])),
        sort=tuple(controls["_sort"][-1].split(",")) if "_sort" in controls else (),
        includes=tuple(controls.get("_include", ())),
        reverse_includes=tuple(controls.get("_revinclude", ())),
        understood=tuple(understood),
    )


def matching(connection: Connection, asked: Question, reach: Fragment) -> list[tuple[str, bool]]:
    """Ids in order, each with whether it is withheld from apps."""
    conditions = [parameter_filter(asked.type, name, text) for name, text in asked.filters]
    where, values = every([("r.type = ?", [asked.type]), ("r.deleted = 0", []), reach, *conditions])
    order, order_values = _order(asked)
    rows = connection.execute(
        f"SELECT r.id, r.withheld FROM resources r WHERE {where} ORDER BY {order}",  # noqa: S608
        [*values, *order_values],
    )
    return [(row["id"], bool(row["withheld"])) for row in rows]


def first_page(asked: Question, found: Iterable[tuple[str, bool]]) -> tuple[Page, list[str]]:
    """The first page of an answer, and all visible ids."""
    found = list(found)
    ids = [id_ for id_, withheld in found if not withheld]
    token = secrets.token_urlsafe(24) if len(ids) > asked.count > 0 else None
    return Page(asked, ids[: asked.count], 0, len(ids), len(found) - len(ids), token), ids


def keep(connection: Connection, page: Page, ids: list[str], owner: str, now: datetime) -> None:
    """Remember the answer behind a page's token, and forget answers past their life."""
    detail = {
        "type": page.question.type,
        "understood": page.question.understood,
        "ids": ids,
        "owner": owner,
    }
    expired = to_micros(now - PAGE_LIFE)
    connection.execute("DELETE FROM pages WHERE created < ?", (expired,))
    connection.execute(
        "INSERT INTO pages VALUES (?, ?, ?)", (page.token, to_micros(now), json.dumps(detail))
    )


def later_page(
    connection: Connection, type_: str, link: str, owner: str, now: datetime
) -> tuple[Page, list[str]]:
    """The page a ``next`` link names, and all ids of its answer; raises Gone or Malformed."""
    token, _, start = link.rpartition(".")
    row = connection.execute(
        "SELECT search FROM pages WHERE token = ? AND created >= ?",
        (token, to_micros(now - PAGE_LIFE)),
    ).fetchone()
    if row is None or not start.isdigit():
        raise Gone("This page has expired; search again.")
    detail: dict[str, Any] = json.loads(row["search"])
    if detail["type"] != type_ or detail["owner"] != owner:
        raise Gone("This page belongs to another search.")
    asked = question(type_, [(name, text) for name, text in detail["understood"]], strict=False)
    first, ids = int(start), detail["ids"]
    page = Page(asked, ids[first : first + asked.count], first, len(ids), 0, token)
    return page, ids


def next_link(page: Page) -> str | None:
    """The opaque value that asks for the page after this one; None on the last."""
    following = page.start + page.question.count
    return f"{page.token}.{following}" if page.token and following < page.total else None


def identify(connection: Connection, type_: str, pairs: Pairs) -> list[str]:
    """Ids a conditional interaction matches; every parameter has to be understood."""
    asked = question(type_, pairs, strict=True)
    if not asked.filters:
        raise Malformed("A conditional interaction needs search parameters.")
    return [id_ for id_, _ in matching(connection, asked, ("1", []))]


def _count(texts: list[str]) -> int:
    if not texts:
        return DEFAULT_COUNT
    if not texts[-1].isdigit():
        raise Malformed(f"_count is not a number: {texts[-1]!r}")
    return min(int(texts[-1]), MAXIMUM_COUNT)


def _order(asked: Question) -> tuple[str, list[str]]:
    terms, values = [], []
    for text in asked.sort:
        name, direction = text.removeprefix("-"), " DESC" if text.startswith("-") else ""
        if name in ("_id", "_lastUpdated"):
            terms.append({"_id": "r.id", "_lastUpdated": "r.updated"}[name] + direction)
            continue
        if name not in TYPES[asked.type]:
            raise NotSupported(f"{asked.type} cannot be sorted by {name}.")
        terms.append(SORT_KEY + direction)
        values.append(name)
    return ", ".join([*terms, "r.sequence"]), values
