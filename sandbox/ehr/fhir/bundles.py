"""Batch and transaction Bundles."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from sqlite3 import Connection
from typing import Any
from urllib.parse import parse_qsl

from sandbox.ehr.database import Database
from sandbox.ehr.fhir.access import Bearer
from sandbox.ehr.fhir.problems import FhirProblem, Malformed, NotSupported, WrongMethod, outcome
from sandbox.ehr.fhir.reading import Reader, known
from sandbox.ehr.fhir.store import Stored, instant
from sandbox.ehr.fhir.validation import check_references, check_structure
from sandbox.ehr.fhir.writing import Preconditions, create, delete, existing, update
from sandbox.ehr.personality import IGNORED, RACY, Personality

METHODS = ("DELETE", "POST", "PUT", "GET")
"""In the order a transaction does them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a request Bundle; ``id`` is known for PUT and DELETE, later for POST."""

    full_url: str | None
    method: str
    type: str
    id: str | None
    query: str
    resource: dict[str, Any] | None
    conditions: Preconditions
    found: Stored | None = None


@dataclass(frozen=True, slots=True)
class Bundles:
    """Processes request Bundles for one bearer at one moment."""

    database: Database
    reader: Reader
    bearer: Bearer
    now: datetime
    personality: Personality

    def process(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """The response Bundle, entries in request order; a transaction raises FhirProblem."""
        if bundle.get("resourceType") != "Bundle":
            raise Malformed("A Bundle is expected here.")
        kind = bundle.get("type")
        if kind not in ("batch", "transaction"):
            raise Malformed(f"Bundle.type has to be batch or transaction, not {kind!r}.")
        if not self.personality.transactions:
            raise NotSupported("This server takes no batches and no transactions.")
        raw = bundle.get("entry", [])
        answers = self._transaction(raw) if kind == "transaction" else self._batch(raw)
        return {"resourceType": "Bundle", "type": f"{kind}-response", "entry": answers}

    def _batch(self, raw: list[Any]) -> list[dict[str, Any]]:
        return [self._alone(entry) for entry in raw]

    def _alone(self, raw: Any) -> dict[str, Any]:
        try:
            return self._transaction([raw])[0]
        except FhirProblem as problem:
            issue = outcome("error", problem.code, problem.diagnostics)
            return {"response": {"status": str(problem.status), "outcome": issue}}

    def _transaction(self, raw: list[Any]) -> list[dict[str, Any]]:
        entries = [_parse(entry) for entry in raw]
        _refuse_repeats(entries)
        for entry in entries:
            if entry.method != "GET" and not self.personality.writes(entry.type):
                raise WrongMethod(f"{entry.type} is read only here.")
            if entry.resource is not None:
                check_structure(entry.resource)
        if self.personality.condition == RACY:
            entries = [self._identified(self.database.read(), entry) for entry in entries]
            time.sleep(self.personality.window_seconds)
        with self.database.write() as connection:
            answers = self._do_all(connection, entries)
        return [answers[position] for position in range(len(entries))]

    def _do_all(self, connection: Connection, entries: list[Entry]) -> dict[int, dict[str, Any]]:
        entries = [self._identified(connection, entry) for entry in entries]
        places = {
            entry.full_url: f"{entry.type}/{entry.id}"
            for entry in entries
            if entry.full_url and entry.id and entry.method != "GET"
        }
        ordered = sorted(enumerate(entries), key=lambda pair: _order(pair[1]))
        linked = [(place, _link(entry, places)) for place, entry in ordered]
        answers = {place: self._do(connection, entry) for place, entry in linked}
        for _, entry in linked:
            if entry.resource is not None and entry.found is None:
                check_references(connection, entry.resource, self.reader.base)
        return answers

    def _identified(self, connection: Connection, entry: Entry) -> Entry:
        if entry.method != "POST" or entry.id:
            return entry
        conditions = entry.conditions
        if self.personality.condition == IGNORED:
            conditions = Preconditions()
        found = existing(connection, self.bearer, entry.type, conditions)
        return replace(entry, found=found, id=found.id if found else str(uuid.uuid4()))

    def _do(self, connection: Connection, entry: Entry) -> dict[str, Any]:
        if entry.method == "GET":
            return self._get(entry)
        if entry.found is not None:
            return _answer(200, entry.found, self.reader.base)
        if entry.method == "DELETE" and entry.id:
            delete(connection, self.bearer, entry.type, entry.id, entry.conditions, self.now)
            return {"response": {"status": "204 No Content"}}
        if entry.resource is None or entry.id is None:
            raise Malformed(f"{entry.method} {entry.type} needs a resource and an address.")
        if entry.method == "POST":
            done = create(connection, self.bearer, entry.resource, self.now, entry.id)
        else:
            done = update(
                connection,
                self.bearer,
                entry.id,
                entry.resource,
                entry.conditions,
                self.now,
                creates=self.personality.puts_create,
            )
        return _answer(done.status, done.stored, self.reader.base)

    def _get(self, entry: Entry) -> dict[str, Any]:
        if entry.id:
            stored = self.reader.read(self.bearer, entry.type, entry.id)
            return _answer(200, stored, self.reader.base)
        pairs = parse_qsl(entry.query, keep_blank_values=True)
        body = self.reader.search(self.bearer, entry.type, pairs, strict=False, now=self.now)
        return {"resource": json.loads(body), "response": {"status": "200 OK"}}


def _parse(raw: Any) -> Entry:
    request = raw.get("request") if isinstance(raw, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise Malformed("Every entry of a request Bundle needs request.method and request.url.")
    method = request.get("method")
    if method not in METHODS:
        raise WrongMethod(f"{method} is not supported in a Bundle.")
    path, _, query = request["url"].partition("?")
    type_, _, id_ = path.partition("/")
    known(type_)
    resource = raw.get("resource")
    if method in ("POST", "PUT") and (
        not isinstance(resource, dict) or resource.get("resourceType") != type_
    ):
        raise Malformed(f"{method} {path} needs a resource of that type.")
    conditions = Preconditions(
        request.get("ifMatch"), request.get("ifNoneMatch"), request.get("ifNoneExist")
    )
    return Entry(raw.get("fullUrl"), method, type_, id_ or None, query, resource, conditions)


def _refuse_repeats(entries: list[Entry]) -> None:
    identities = [
        (entry.type, entry.id or entry.conditions.if_none_exist)
        for entry in entries
        if entry.method != "GET" and (entry.id or entry.conditions.if_none_exist)
    ]
    if len(set(identities)) < len(identities):
        raise Malformed("Two entries of the transaction write the same resource.")


def _order(entry: Entry) -> tuple[int, bool]:
    # A Provenance takes its patient from what it is about, so that has to be stored before.
    return METHODS.index(entry.method), entry.type == "Provenance"


def _link(entry: Entry, places: dict[str, str]) -> Entry:
    return replace(entry, resource=_linked(entry.resource, places)) if entry.resource else entry


def _linked(element: Any, places: dict[str, str]) -> Any:
    """The element with every reference to another entry's fullUrl replaced."""
    if isinstance(element, list):
        return [_linked(item, places) for item in element]
    if not isinstance(element, dict):
        return element
    linked = {name: _linked(value, places) for name, value in element.items()}
    if isinstance(linked.get("reference"), str):
        linked["reference"] = places.get(linked["reference"], linked["reference"])
    return linked


def _answer(status: int, stored: Stored, base: str) -> dict[str, Any]:
    location = f"{base}/{stored.reference}/_history/{stored.version}"
    response = {
        "status": "201 Created" if status == 201 else "200 OK",
        "location": location,
        "etag": stored.etag,
        "lastModified": instant(stored.updated),
    }
    return {
        "fullUrl": f"{base}/{stored.reference}",
        "resource": json.loads(stored.body),
        "response": response,
    }
