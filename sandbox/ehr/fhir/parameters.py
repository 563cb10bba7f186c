"""The resource types served and their R4 search parameters.

Each parameter is ``name: (kind, path | path ...)``; a path walks element names and lists.
Source: HL7 FHIR R4 (4.0.1), search parameter registry. Flag has no ``status`` parameter in R4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one search parameter reads a resource; ``kind`` is token, reference, date or string."""

    name: str
    kind: str
    paths: tuple[str, ...]


def _parameters(table: Mapping[str, str]) -> dict[str, Parameter]:
    known: dict[str, Parameter] = {}
    for name, text in {**EVERYWHERE, **table}.items():
        kind, paths = text.split(maxsplit=1)
        known[name] = Parameter(name, kind, tuple(paths.split(" | ")))
    return known


EVERYWHERE = {"_tag": "token meta.tag"}
SUBJECT = {"patient": "reference subject", "subject": "reference subject"}
IDENTIFIER = {"identifier": "token identifier"}
MEDICATION = {
    "code": "token medicationCodeableConcept",
    "medication": "reference medicationReference",
    "status": "token status",
}

TYPES: dict[str, dict[str, Parameter]] = {
    name: _parameters(table)
    for name, table in {
        "Patient": IDENTIFIER
        | {
            "name": "string name.family | name.given | name.text",
            "family": "string name.family",
            "given": "string name.given",
            "birthdate": "date birthDate",
            "gender": "token gender",
            "active": "token active",
        },
        "Practitioner": IDENTIFIER | {"name": "string name.family | name.given | name.text"},
        "Encounter": SUBJECT
        | IDENTIFIER
        | {
            "status": "token status",
            "class": "token class",
            "date": "date period",
            "participant": "reference participant.individual",
        },
        "MedicationRequest": SUBJECT
        | IDENTIFIER
        | MEDICATION
        | {
            "intent": "token intent",
            "category": "token category",
            "authoredon": "date authoredOn",
            "encounter": "reference encounter",
            "requester": "reference requester",
        },
        "Medication": IDENTIFIER | {"code": "token code", "status": "token status"},
        "MedicationStatement": SUBJECT
        | IDENTIFIER
        | MEDICATION
        | {
            "category": "token category",
            "effective": "date effectiveDateTime | effectivePeriod",
            "source": "reference informationSource",
        },
        "MedicationDispense": SUBJECT
        | IDENTIFIER
        | MEDICATION
        | {
            "prescription": "reference authorizingPrescription",
            "whenhandedover": "date whenHandedOver",
            "whenprepared": "date whenPrepared",
        },
        "MedicationAdministration": SUBJECT
        | IDENTIFIER
        | MEDICATION
        | {
            "effective-time": "date effectiveDateTime | effectivePeriod",
            "request": "reference request",
        },
        "Condition": SUBJECT
        | IDENTIFIER
        | {
            "clinical-status": "token clinicalStatus",
            "verification-status": "token verificationStatus",
            "category": "token category",
            "code": "token code",
            "onset-date": "date onsetDateTime | onsetPeriod",
            "recorded-date": "date recordedDate",
            "encounter": "reference encounter",
        },
        "AllergyIntolerance": IDENTIFIER
        | {
            "patient": "reference patient",
            "clinical-status": "token clinicalStatus",
            "verification-status": "token verificationStatus",
            "code": "token code | reaction.substance",
            "criticality": "token criticality",
            "date": "date recordedDate",
        },
        "Observation": SUBJECT
        | IDENTIFIER
        | {
            "status": "token status",
            "code": "token code",
            "category": "token category",
            "date": "date effectiveDateTime | effectivePeriod | effectiveInstant",
            "device": "reference device",
            "encounter": "reference encounter",
            "derived-from": "reference derivedFrom",
        },
        "Flag": SUBJECT
        | IDENTIFIER
        | {
            "date": "date period",
            "author": "reference author",
            "encounter": "reference encounter",
        },
        "Device": IDENTIFIER
        | {
            "patient": "reference patient",
            "status": "token status",
            "type": "token type",
            "device-name": "string deviceName.name | type.text",
        },
        "Provenance": {
            "target": "reference target",
            "recorded": "date recorded",
            "agent": "reference agent.who",
            "entity": "reference entity.what",
        },
        "Communication": SUBJECT
        | IDENTIFIER
        | {
            "status": "token status",
            "category": "token category",
            "sent": "date sent",
            "received": "date received",
            "sender": "reference sender",
            "recipient": "reference recipient",
        },
        "DocumentReference": SUBJECT
        | IDENTIFIER
        | {
            "status": "token status",
            "type": "token type",
            "category": "token category",
            "date": "date date",
        },
    }.items()
}

SHARED_TYPES = frozenset({"Medication", "Practitioner", "Device"})
"""Types that may belong to no patient and are then readable with any patient's token."""
