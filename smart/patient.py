"""Who the launched patient is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from typing import Any

from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.patient import Patient

# fhirclient writes what it finds odd, values and all, into the log
logging.getLogger("fhirclient").setLevel(logging.CRITICAL)

RECORD_NUMBER = "MR"  # HL7 v2 table 0203: medical record number


@dataclass(frozen=True, slots=True)
class Demographics:
    """A patient as shown in a banner; unknown facts are "" or None."""

    name: str
    gender: str
    birth_date: date | None
    record_number: str


def demographics(resource: dict[str, Any]) -> Demographics:
    """Read a Patient; what is not conformant in it counts as unknown."""
    patient = Patient(resource, strict=False)
    return Demographics(
        name=_name(patient.name or []),
        gender=patient.gender or "",
        birth_date=_day(patient.birthDate),
        record_number=_record_number(patient.identifier or []),
    )


def person_name(resource: dict[str, Any]) -> str:
    """The name of a Practitioner, RelatedPerson or Patient, "" where it has none."""
    known = {"resourceType": "Patient", "name": resource.get("name")}
    return _name(Patient(known, strict=False).name or [])


def _name(names: list[HumanName]) -> str:
    """The official name, otherwise the usual one, otherwise the first not old."""
    ranked = sorted(
        (name for name in names if name.use not in {"old", "nickname", "anonymous"}),
        key=lambda name: {"official": 0, "usual": 1}.get(name.use or "", 2),
    )
    return next((text for name in ranked if (text := _written(name))), "")


def _written(name: HumanName) -> str:
    parts = [*(name.given or []), name.family]
    return " ".join(part for part in parts if part) or name.text or ""


def _day(value: FHIRDate | None) -> date | None:
    """Only a full date is a birth date to check a patient by."""
    text = value.as_json() if value is not None else None
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _record_number(identifiers: list[Identifier]) -> str:
    for identifier in identifiers:
        codings = (identifier.type and identifier.type.coding) or []
        if identifier.value and any(coding.code == RECORD_NUMBER for coding in codings):
            return str(identifier.value)
    return ""
