"""What the EHR knows of the user that a launch's `fhirUser` names."""

from __future__ import annotations

from smart.errors import EhrError
from smart.fhir import FhirReader
from smart.lenient import mapping, text
from smart.patient import person_name
from smart.references import local_id
from smart.scopes import permits

KINDS = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person")


def user_name(reader: FhirReader, fhir_user: str, granted: frozenset[str]) -> str:
    """The user's name as the EHR has it.

    "" where the user is not in this EHR, has no name, or may not be read with what was `granted`
    (the scope fhirUser lets the user be read). Raises nothing of smart.errors.
    """
    for kind in KINDS:
        identifier = local_id(reader.base, fhir_user, kind)
        if identifier and ("fhirUser" in granted or permits(granted, kind, "r")):
            return _name(reader, kind, identifier)
    return ""


def _name(reader: FhirReader, kind: str, identifier: str) -> str:
    try:
        resource = reader.read(kind, identifier)
        if kind != "PractitionerRole":
            return person_name(resource)
        practitioner = mapping(resource.get("practitioner"))
        return text(practitioner.get("display")) or _practitioner(reader, practitioner)
    except EhrError:
        return ""


def _practitioner(reader: FhirReader, reference: dict[str, object]) -> str:
    identifier = local_id(reader.base, reference.get("reference"), "Practitioner")
    return person_name(reader.read("Practitioner", identifier)) if identifier else ""
