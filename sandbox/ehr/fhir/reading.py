"""Read, vread, history and search, each as the JSON text of the answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any
from urllib.parse import urlencode

from sandbox.ehr.database import Database
from sandbox.ehr.fhir.access import Bearer, demand, demand_unrestricted
from sandbox.ehr.fhir.filters import Fragment, every
from sandbox.ehr.fhir.parameters import TYPES
from sandbox.ehr.fhir.problems import Forbidden, Gone, Malformed, NotFound, NotSupported, outcome
from sandbox.ehr.fhir.search import (
    Page,
    Pairs,
    Question,
    first_page,
    keep,
    later_page,
    matching,
    next_link,
    question,
)
from sandbox.ehr.fhir.store import Stored, current, instant, versions

UNRESTRICTED: Fragment = (
    "NOT EXISTS (SELECT 1 FROM restrictions x WHERE x.type = r.type AND x.patient = r.patient)",
    [],
)


@dataclass(frozen=True, slots=True)
class Reader:
    """The reading half of the server; ``base`` is the FHIR base URL."""

    database: Database
    base: str

    def read(self, bearer: Bearer, type_: str, id_: str) -> Stored:
        """The current version; raises NotFound, Gone or Forbidden."""
        known(type_)
        bearer.reach(type_, "r")
        connection = self.database.read()
        stored = current(connection, type_, id_)
        if stored is None:
            raise NotFound(f"{type_}/{id_} does not exist.")
        demand(connection, bearer, type_, id_, "r")
        if stored.deleted:
            raise Gone(f"{type_}/{id_} was deleted.")
        return stored

    def read_version(self, bearer: Bearer, type_: str, id_: str, version: str) -> Stored:
        """One version; raises NotFound, Gone or Forbidden."""
        for stored, _ in self._versions(bearer, type_, id_):
            if str(stored.version) == version:
                if stored.deleted:
                    raise Gone(f"{type_}/{id_} was deleted in version {version}.")
                return stored
        raise NotFound(f"{type_}/{id_} has no version {version}.")

    def history(self, bearer: Bearer, type_: str, id_: str) -> str:
        """A Bundle of every version, newest first."""
        found = self._versions(bearer, type_, id_)
        entries = [self._history_entry(stored, method) for stored, method in found]
        head = {"resourceType": "Bundle", "type": "history", "total": len(entries)}
        return _bundle(head, entries)

    def search(
        self, bearer: Bearer, type_: str, pairs: Pairs, *, strict: bool, now: datetime
    ) -> str:
        """A searchset Bundle: the first page, or the one a ``_page`` link asks for."""
        known(type_)
        connection = self.database.read()
        reach = every([bearer.reach(type_, "s"), UNRESTRICTED])
        owner = f"{bearer.client_id} {bearer.user} {bearer.patient}"
        link = dict(pairs).get("_page")
        if link is not None:
            page, _ = later_page(connection, type_, link, owner, now)
            return self._answer(connection, bearer, page, reach, now)
        asked = question(type_, pairs, strict=strict)
        self._demand_patient(connection, bearer, asked)
        page, ids = first_page(asked, matching(connection, asked, reach))
        if page.token:
            with self.database.write() as writing:
                keep(writing, page, ids, owner, now)
        return self._answer(connection, bearer, page, reach, now)

    def _versions(self, bearer: Bearer, type_: str, id_: str) -> list[tuple[Stored, str]]:
        known(type_)
        bearer.reach(type_, "r")
        connection = self.database.read()
        found = versions(connection, type_, id_)
        if not found:
            raise NotFound(f"{type_}/{id_} does not exist.")
        demand(connection, bearer, type_, id_, "r")
        return found

    def _demand_patient(self, connection: Connection, bearer: Bearer, asked: Question) -> None:
        patients = {bearer.compartment(asked.type, "s")}
        for name, text in asked.filters:
            if name.partition(":")[0] in ("patient", "subject"):
                patients.update(value.rpartition("/")[2] for value in text.split(","))
        for patient in filter(None, patients):
            demand_unrestricted(connection, asked.type, patient)

    def _answer(
        self, connection: Connection, bearer: Bearer, page: Page, reach: Fragment, now: datetime
    ) -> str:
        asked = page.question
        matches = _bodies(connection, asked.type, page.ids, reach)
        entries = [self._entry(asked.type, id_, body, "match") for id_, body in matches]
        included = _included(connection, bearer, asked, [id_ for id_, _ in matches])
        entries += [self._entry(*resource, "include") for resource in included]
        if page.withheld:
            entries.append(_withheld_entry(page.withheld))
        head = {
            "resourceType": "Bundle",
            "type": "searchset",
            "timestamp": instant(now),
            "total": page.total,
            "link": self._links(page),
        }
        return _bundle(head, entries)

    def _links(self, page: Page) -> list[dict[str, str]]:
        address = f"{self.base}/{page.question.type}"
        query = urlencode(page.question.understood)
        links = [{"relation": "self", "url": f"{address}?{query}" if query else address}]
        if following := next_link(page):
            links.append({"relation": "next", "url": f"{address}?_page={following}"})
        return links

    def _entry(self, type_: str, id_: str, body: str, mode: str) -> str:
        head = json.dumps({"fullUrl": f"{self.base}/{type_}/{id_}", "search": {"mode": mode}})
        return f'{head[:-1]},"resource":{body}}}'

    def _history_entry(self, stored: Stored, method: str) -> str:
        head = json.dumps(
            {
                "fullUrl": f"{self.base}/{stored.reference}",
                "request": {"method": method, "url": stored.reference},
                "response": {
                    "status": "201" if stored.version == 1 else "200",
                    "etag": stored.etag,
                    "lastModified": instant(stored.updated),
                },
            }
        )
        return head if stored.deleted else f'{head[:-1]},"resource":{stored.body}}}'


def known(type_: str) -> None:
    """Raise NotFound for a resource type this server does not have."""
    if type_ not in TYPES:
        raise NotFound(f"This server has no resource type {type_!r}.")


def _bundle(head: dict[str, Any], entries: list[str]) -> str:
    # Stored bodies are JSON text already; parsing them only to write them again would cost most.
    return f'{json.dumps(head)[:-1]},"entry":[{",".join(entries)}]}}'


def _withheld_entry(count: int) -> str:
    text = f"{count} matching resource(s) are restricted and not shown."
    resource = outcome("warning", "suppressed", text)
    return json.dumps({"resource": resource, "search": {"mode": "outcome"}})


def _bodies(
    connection: Connection, type_: str, ids: list[str], reach: Fragment
) -> list[tuple[str, str]]:
    marks = ",".join("?" * len(ids))
    rows = connection.execute(
        "SELECT r.id, r.body FROM resources r WHERE r.type = ? AND r.deleted = 0"  # noqa: S608
        f" AND r.withheld = 0 AND r.id IN ({marks}) AND {reach[0]}",
        (type_, *ids, *reach[1]),
    )
    bodies = {row["id"]: row["body"] for row in rows}
    return [(id_, bodies[id_]) for id_ in ids if id_ in bodies]


def _included(
    connection: Connection, bearer: Bearer, asked: Question, ids: list[str]
) -> list[tuple[str, str, str]]:
    wanted: dict[tuple[str, str], None] = {}
    for text in asked.includes:
        wanted.update(dict.fromkeys(_forward(connection, asked.type, text, ids)))
    for text in asked.reverse_includes:
        wanted.update(dict.fromkeys(_backward(connection, asked.type, text, ids)))
    found = []
    for type_, id_ in wanted:
        try:
            reach = every([bearer.reach(type_, "r"), UNRESTRICTED])
        except Forbidden:
            continue
        found += [(type_, *pair) for pair in _bodies(connection, type_, [id_], reach)]
    return found


def _forward(
    connection: Connection, type_: str, text: str, ids: list[str]
) -> list[tuple[str, str]]:
    source, name = _include_parts(text)
    if source != type_:
        raise Malformed(f"_include={text} does not start from {type_}.")
    rows = connection.execute(
        "SELECT system, value FROM search_index WHERE type = ? AND parameter = ?"  # noqa: S608
        f" AND id IN ({','.join('?' * len(ids))})",
        (type_, name, *ids),
    )
    return [(row["system"], row["value"]) for row in rows if row["system"] in TYPES]


def _backward(
    connection: Connection, type_: str, text: str, ids: list[str]
) -> list[tuple[str, str]]:
    source, name = _include_parts(text)
    rows = connection.execute(
        "SELECT id FROM search_index WHERE type = ? AND parameter = ? AND system = ?"  # noqa: S608
        f" AND value IN ({','.join('?' * len(ids))})",
        (source, name, type_, *ids),
    )
    return [(source, row["id"]) for row in rows]


def _include_parts(text: str) -> tuple[str, str]:
    source, _, name = text.partition(":")
    name = name.partition(":")[0]
    if source not in TYPES or name not in TYPES[source] or TYPES[source][name].kind != "reference":
        raise NotSupported(f"{text} cannot be included.")
    return source, name
