"""The simulated EHR's content."""

from __future__ import annotations

from typing import Any


def patient(identifier: str = "ada", family: str = "Lovelace") -> dict[str, Any]:
    """A Patient."""
    return {
        "resourceType": "Patient",
        "id": identifier,
        "name": [{"use": "official", "given": [identifier.title()], "family": family}],
        "gender": "female",
        "birthDate": "1958-12-10",
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "0815"}],
    }


def user(kind: str = "Practitioner", identifier: str = "grace") -> dict[str, Any]:
    """Somebody who can sign in."""
    name = {"given": ["Grace"], "family": "Hopper", "prefix": ["Dr"]}
    resource: dict[str, Any] = {"resourceType": kind, "id": identifier, "name": [name]}
    if kind == "PractitionerRole":
        del resource["name"]
        resource["practitioner"] = {"reference": "Practitioner/grace", "display": "Dr Grace Hopper"}
    return resource


def order(identifier: str, drug: str, subject: str = "ada", **changes: Any) -> dict[str, Any]:
    """A MedicationRequest with a drug in words."""
    return {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{subject}"},
        "medicationCodeableConcept": {"text": drug},
        "authoredOn": "2026-01-05",
        **changes,
    }


def order_of(identifier: str, reference: str, display: str = "") -> dict[str, Any]:
    """A MedicationRequest whose drug is a reference."""
    order_ = order(identifier, "")
    del order_["medicationCodeableConcept"]
    shown = {"display": display} if display else {}
    return {**order_, "medicationReference": {"reference": reference, **shown}}


def drug(identifier: str, name: str) -> dict[str, Any]:
    """A Medication."""
    return {"resourceType": "Medication", "id": identifier, "code": {"text": name}}
