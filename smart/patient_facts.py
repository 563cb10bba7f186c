"""A patient at the moment of sending: still the same record, and what the rules ask about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart_answers import failure
from smart.chart_search import Search
from smart.chart_wire import Stopped, Wire
from smart.drugs import codes_of
from smart.lenient import mapping, mappings, text
from wearable_agg.delivery.chart import Found, Mismatched, NotSent, Refused, Resource
from wearable_agg.delivery.patient_facts import Answer, PatientFacts, PatientRecord

_STANDING = frozenset({"active", "recurrence", "relapse", ""})
_UNUSABLE = frozenset({"entered-in-error", "refuted"})


class FhirPatientFacts(PatientFacts):
    """Reads Patient, and Condition where that is granted, with delivery's own access."""

    def __init__(self, base: str, egress: Egress, access: BackendToken) -> None:
        self._wire = Wire(base, egress, access)
        self._search = Search(self._wire)

    def of(self, patient: str) -> Answer:
        """Read a patient as they are now."""
        try:
            if not self._wire.grants("Patient", "r"):
                return PatientRecord("", None, None)
            answer = self._wire.send("GET", f"/Patient/{patient}")
            if answer.status in (404, 410):
                return Refused(f"The EHR answered {answer.status}: the patient is gone")
            if answer.status != 200:
                return failure(answer)
            if answer.resource is None or answer.kind != "Patient":
                return NotSent(f"{answer.reason} to a read, without a Patient")
            if answer.resource.get("id") != patient:
                return Mismatched("The EHR answered with another patient")
            return self._record(patient, answer.resource)
        except Stopped as stop:
            return stop.failure

    def _record(self, patient: str, resource: Resource) -> Answer:
        unusable = _unusable(resource)
        if unusable or not self._wire.grants("Condition", "s"):
            return PatientRecord(unusable, _born(resource), None)
        found = self._search.of_patient("Condition", patient)
        if not isinstance(found, Found):
            return found
        return PatientRecord("", _born(resource), frozenset(_problems(found.resources)))


def _unusable(resource: Resource) -> str:
    links = mappings(resource.get("link"))
    if any(link.get("type") == "replaced-by" for link in links):
        return "The patient's record was merged into another one"
    if resource.get("active") is False:
        return "The patient's record is not in use any more"
    return ""


def _born(resource: Resource) -> date | None:
    try:
        return date.fromisoformat(text(resource.get("birthDate")))
    except ValueError:
        return None


def _problems(conditions: tuple[Resource, ...]) -> set[tuple[str, str]]:
    return {
        (code.system, code.code)
        for condition in conditions
        if _stands(condition)
        for code in codes_of(condition.get("code"))
    }


def _stands(condition: Mapping[str, object]) -> bool:
    return (
        _code(condition.get("clinicalStatus")) in _STANDING
        and _code(condition.get("verificationStatus")) not in _UNUSABLE
    )


def _code(concept: object) -> str:
    found = [text(coding.get("code")) for coding in mappings(mapping(concept).get("coding"))]
    return found[0] if found else ""
