"""What the pages show of the stored charts, as plain dictionaries for templates and JSON."""

from __future__ import annotations

import json
from datetime import date, datetime
from sqlite3 import Connection
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.ehr.database import Clock, Database
from sandbox.ehr.fhir.indexing import split_reference, values_at
from sandbox.ehr.fhir.store import current
from sandbox.ehr.settings import TIMEZONE

Resource = dict[str, Any]

SEX = {"female": "F", "male": "M"}


class Charts:
    """Reads the store as the EHR's own pages do: without tokens."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def has(self, patient: str) -> bool:
        """Whether there is such a patient."""
        return current(self._database.read(), "Patient", patient) is not None

    def worklist(self) -> list[dict[str, Any]]:
        """One row per patient, by time of today's visit."""
        rows = [
            self.header(patient["id"]) | {"visit": self._visit(patient["id"])}
            for patient in self._all("Patient", None)
        ]
        return sorted(rows, key=lambda row: (row["visit"] or {}).get("time", "99"))

    def header(self, patient: str) -> dict[str, Any]:
        """Identity of one patient; raises LookupError."""
        stored = current(self._database.read(), "Patient", patient)
        if stored is None:
            raise LookupError(patient)
        resource = json.loads(stored.body)
        name, flags = resource["name"][0], self.flags(patient)
        return {
            "id": patient,
            "name": f"{name['family']}, {' '.join(name['given'])}",
            "sex": SEX.get(resource.get("gender"), "?"),
            "born": resource["birthDate"],
            "age": age(date.fromisoformat(resource["birthDate"]), self._clock().date()),
            "mrn": resource["identifier"][0]["value"],
            "flags": len(flags),
            "open": sum(flag["acknowledged"] is None for flag in flags),
        }

    def summary(self, patient: str) -> dict[str, list[dict[str, Any]]]:
        """Problems, allergies and current medications of the side column."""
        orders = self._all("MedicationRequest", patient)
        taken = [order for order in orders if order["status"] in ("active", "on-hold")]
        taken += self._all("MedicationStatement", patient)
        return {
            "problems": [
                {"text": problem["code"]["text"], "since": problem.get("onsetDateTime", "")[:4]}
                for problem in self._all("Condition", patient)
            ],
            "allergies": [
                {"text": allergy["code"]["text"], "reaction": _reaction(allergy)}
                for allergy in self._all("AllergyIntolerance", patient)
            ],
            "medications": [self._medication(order) for order in taken],
        }

    def encounter(self, patient: str) -> str | None:
        """The id of the visit under way or planned for today."""
        for encounter in self._all("Encounter", patient):
            if encounter["status"] in ("in-progress", "planned"):
                return str(encounter["id"])
        return None

    def flags(self, patient: str) -> list[dict[str, Any]]:
        """The active Flags, newest first, with who acknowledged them."""
        active = [flag for flag in self._all("Flag", patient) if flag["status"] == "active"]
        shown = [self._flag(flag) for flag in active]
        return sorted(shown, key=lambda flag: str(flag["since"]), reverse=True)

    def _visit(self, patient: str) -> dict[str, str] | None:
        id_ = self.encounter(patient)
        stored = current(self._database.read(), "Encounter", id_) if id_ else None
        if stored is None:
            return None
        encounter = json.loads(stored.body)
        return {
            "time": datetime.fromisoformat(encounter["period"]["start"])
            .astimezone(ZoneInfo(TIMEZONE))
            .strftime("%H:%M"),
            "text": encounter["type"][0]["text"],
            "status": encounter["status"].replace("-", " "),
        }

    def _medication(self, order: Resource) -> dict[str, Any]:
        doses = order.get("dosageInstruction") or order.get("dosage") or [{}]
        return {
            "text": self._drug_name(order),
            "dose": doses[0].get("text", ""),
            "note": {"MedicationStatement": "patient-reported"}.get(
                order["resourceType"], "on hold" if order["status"] == "on-hold" else ""
            ),
        }

    def _drug_name(self, order: Resource) -> str:
        if "medicationCodeableConcept" in order:
            return str(order["medicationCodeableConcept"]["text"])
        text = order["medicationReference"]["reference"]
        for inner in order.get("contained", []):
            if text == f"#{inner['id']}":
                return str(inner["code"]["text"])
        target = split_reference(text)
        stored = current(self._database.read(), *target) if target else None
        return json.loads(stored.body)["code"]["text"] if stored else "Unknown drug"

    def _flag(self, flag: Resource) -> dict[str, Any]:
        since = flag.get("period", {}).get("start") or flag["meta"]["lastUpdated"]
        return {
            "id": flag["id"],
            "version": flag["meta"]["versionId"],
            "text": _text(flag["code"]),
            "since": since,
            "author": flag.get("author", {}).get("display"),
            "acknowledged": self._acknowledgement(flag),
        }

    def _acknowledgement(self, flag: Resource) -> dict[str, Any] | None:
        found = [
            {part.get("url"): part for part in extension.get("extension", [])}
            for extension in values_at(flag, "extension")
            if extension.get("url", "").endswith("/flag-decision")
        ]
        seen = [p for p in found if p.get("decision", {}).get("valueCode") == "acknowledged"]
        if not seen:
            return None
        parts = seen[-1]
        return {
            "by": self._person(parts.get("by", {}).get("valueReference", {})),
            "at": parts.get("at", {}).get("valueDateTime"),
            "note": parts.get("note", {}).get("valueString"),
        }

    def _person(self, reference: Resource) -> str:
        if "display" in reference:
            return str(reference["display"])
        target = split_reference(reference.get("reference", ""))
        stored = current(self._database.read(), *target) if target else None
        if stored is None:
            return "unknown"
        name = json.loads(stored.body)["name"][0]
        return " ".join([*name.get("prefix", []), *name["given"], name["family"]])

    def _all(self, type_: str, patient: str | None) -> list[Resource]:
        rows = _rows(self._database.read(), type_, patient)
        return [json.loads(body) for body in rows]


def age(born: date, today: date) -> int:
    """Completed years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _rows(connection: Connection, type_: str, patient: str | None) -> list[str]:
    rows = connection.execute(
        "SELECT body FROM resources WHERE type = ? AND deleted = 0"
        " AND patient = coalesce(?, patient) ORDER BY sequence",
        (type_, patient),
    )
    return [row["body"] for row in rows]


def _reaction(allergy: Resource) -> str:
    return ", ".join(values_at(allergy, "reaction.manifestation.text"))


def _text(code: Resource) -> str:
    codings = values_at(code, "coding.display")
    return str(code.get("text") or next(codings, "Flag"))
