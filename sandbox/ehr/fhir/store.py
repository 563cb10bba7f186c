"""Resources, every version of them, and their index rows, in the caller's connection."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any

from sandbox.ehr.database import from_micros, to_micros
from sandbox.ehr.fhir.indexing import (
    index_rows,
    is_withheld,
    patient_reference,
    split_reference,
    values_at,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource; ``body`` is its JSON text (empty when deleted)."""

    type: str
    id: str
    version: int
    updated: datetime
    deleted: bool
    body: str

    @property
    def etag(self) -> str:
        """The weak ETag FHIR asks for."""
        return f'W/"{self.version}"'

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


def current(connection: Connection, type_: str, id_: str) -> Stored | None:
    """The newest version, deleted ones included; None if there never was one."""
    row = connection.execute(
        "SELECT * FROM resources WHERE type = ? AND id = ?", (type_, id_)
    ).fetchone()
    return _stored(row, bool(row["deleted"])) if row else None


def versions(connection: Connection, type_: str, id_: str) -> list[tuple[Stored, str]]:
    """Every version with the HTTP method that made it, newest first."""
    rows = connection.execute(
        "SELECT * FROM versions WHERE type = ? AND id = ? ORDER BY version DESC", (type_, id_)
    )
    return [(_stored(row, row["method"] == "DELETE"), row["method"]) for row in rows]


def exists(connection: Connection, type_: str, id_: str) -> bool:
    """Whether the resource is there and not deleted."""
    found = current(connection, type_, id_)
    return found is not None and not found.deleted


def patient_of(connection: Connection, type_: str, id_: str) -> str | None:
    """The id of the patient a stored resource belongs to, if any."""
    row = connection.execute(
        "SELECT patient FROM resources WHERE type = ? AND id = ?", (type_, id_)
    ).fetchone()
    return row["patient"] if row else None


def save(connection: Connection, resource: dict[str, Any], method: str, now: datetime) -> Stored:
    """Store the next version of a resource that has its id; sets ``meta`` on a copy."""
    type_, id_ = resource["resourceType"], resource["id"]
    before = current(connection, type_, id_)
    version = before.version + 1 if before else 1
    meta = resource.get("meta", {}) | {"versionId": str(version), "lastUpdated": instant(now)}
    resource = {"resourceType": type_, "id": id_} | resource | {"meta": meta}
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    stored = Stored(type_, id_, version, now, False, body)
    _put(connection, stored, method, _patient(connection, resource), is_withheld(resource))
    connection.executemany(
        "INSERT INTO search_index VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(type_, id_, *row) for row in index_rows(resource)],
    )
    return stored


def remove(connection: Connection, before: Stored, now: datetime) -> Stored:
    """Store a deletion as the next version."""
    stored = Stored(before.type, before.id, before.version + 1, now, True, "")
    patient = patient_of(connection, before.type, before.id)
    _put(connection, stored, "DELETE", patient, False)
    return stored


def instant(moment: datetime) -> str:
    """A FHIR instant with milliseconds, in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _put(
    connection: Connection, stored: Stored, method: str, patient: str | None, withheld: bool
) -> None:
    key, updated = (stored.type, stored.id), to_micros(stored.updated)
    connection.execute("DELETE FROM search_index WHERE type = ? AND id = ?", key)
    connection.execute(
        "INSERT INTO resources (type, id, version, updated, deleted, patient, withheld, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (type, id) DO UPDATE SET"
        " version = excluded.version, updated = excluded.updated, deleted = excluded.deleted,"
        " patient = excluded.patient, withheld = excluded.withheld, body = excluded.body",
        (*key, stored.version, updated, stored.deleted, patient, withheld, stored.body),
    )
    connection.execute(
        "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)",
        (*key, stored.version, updated, method, stored.body),
    )


def _patient(connection: Connection, resource: dict[str, Any]) -> str | None:
    if resource["resourceType"] == "Provenance":
        return _patient_of_targets(connection, resource)
    return patient_reference(resource)


def _patient_of_targets(connection: Connection, provenance: dict[str, Any]) -> str | None:
    """A Provenance belongs to the patient of what it is about."""
    for text in values_at(provenance, "target.reference"):
        target = split_reference(text)
        if target and (patient := patient_of(connection, *target)):
            return patient
    return None


def _stored(row: Row, deleted: bool) -> Stored:
    return Stored(
        row["type"], row["id"], row["version"], from_micros(row["updated"]), deleted, row["body"]
    )
