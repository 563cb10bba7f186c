"""Create, update and delete inside the caller's write transaction."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any
from urllib.parse import parse_qsl

from sandbox.ehr.fhir.access import Bearer, demand
from sandbox.ehr.fhir.problems import (
    BrokenRule,
    Forbidden,
    Malformed,
    SeveralMatches,
    Stale,
    WrongMethod,
)
from sandbox.ehr.fhir.search import identify
from sandbox.ehr.fhir.store import Stored, current, patient_of, remove, save
from sandbox.ehr.fhir.validation import check_id

ETAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditional headers of one interaction (or ``request`` fields of a Bundle entry)."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_none_exist: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: 201 created, 200 updated or already there, 204 deleted."""

    status: int
    stored: Stored


def existing(
    connection: Connection, bearer: Bearer, type_: str, conditions: Preconditions
) -> Stored | None:
    """What a conditional create finds: None, or the one match; raises SeveralMatches."""
    bearer.reach(type_, "c")
    if conditions.if_none_exist is None:
        return None
    bearer.reach(type_, "s")
    query = conditions.if_none_exist.removeprefix(f"{type_}?")
    ids = identify(connection, type_, parse_qsl(query, keep_blank_values=True))
    if len(ids) > 1:
        raise SeveralMatches(f"{len(ids)} {type_} resources match {query!r}.")
    if not ids:
        return None
    demand(connection, bearer, type_, ids[0], "s")
    return current(connection, type_, ids[0])


def create(
    connection: Connection,
    bearer: Bearer,
    resource: dict[str, Any],
    now: datetime,
    id_: str | None = None,
) -> Written:
    """Store a new resource under an id of the server's choice (or one it chose before)."""
    type_ = resource["resourceType"]
    id_ = id_ or str(uuid.uuid4())
    stored = save(connection, resource | {"id": id_}, "POST", now)
    demand(connection, bearer, type_, id_, "c")
    return Written(201, stored)


def update(
    connection: Connection,
    bearer: Bearer,
    id_: str,
    resource: dict[str, Any],
    conditions: Preconditions,
    now: datetime,
    *,
    creates: bool = True,
) -> Written:
    """Store the next version; an id nobody has yet is created where the server ``creates`` so.

    Raises Stale, WrongMethod.
    """
    check_id(id_)
    type_ = resource["resourceType"]
    if resource.get("id") != id_:
        raise Malformed(f"The body's id {resource.get('id')!r} is not the address's {id_!r}.")
    before = current(connection, type_, id_)
    if before is None and not creates:
        raise WrongMethod("This server gives new resources ids of its own.")
    action = "u" if before else "c"
    bearer.reach(type_, action)
    check_preconditions(before, conditions)
    if before:
        demand(connection, bearer, type_, id_, action)
    owner = patient_of(connection, type_, id_)
    stored = save(connection, resource, "PUT", now)
    if owner and patient_of(connection, type_, id_) != owner:
        raise BrokenRule(f"{type_}/{id_} belongs to Patient/{owner} and stays there.")
    demand(connection, bearer, type_, id_, action)
    return Written(200 if before and not before.deleted else 201, stored)


def delete(
    connection: Connection,
    bearer: Bearer,
    type_: str,
    id_: str,
    conditions: Preconditions,
    now: datetime,
) -> Stored | None:
    """Delete; None if it was not there (any more), which is no error."""
    bearer.reach(type_, "d")
    before = current(connection, type_, id_)
    check_preconditions(before, conditions)
    if before is None or before.deleted:
        return None
    demand(connection, bearer, type_, id_, "d")
    if type_ == "Patient":
        raise Forbidden("Patients are not deleted by apps.")
    return remove(connection, before, now)


def check_preconditions(before: Stored | None, conditions: Preconditions) -> None:
    """Raise Stale unless ``If-Match`` and ``If-None-Match: *`` hold."""
    there = before is not None and not before.deleted
    if conditions.if_none_match == "*" and there:
        raise Stale("The resource exists already.")
    if conditions.if_match is None:
        return
    match = ETAG.fullmatch(conditions.if_match.strip())
    if match is None:
        raise Malformed(f"Not an ETag: {conditions.if_match!r}")
    found = str(before.version) if before else "none"
    if match[1] != found:
        raise Stale(f"Version {match[1]} was expected, the current one is {found}.")
