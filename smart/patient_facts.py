"""A patient at the moment of sending: still the same record, and what the rules ask about."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart_answers import failure
from smart.chart_search import Search
from smart.chart_wire import Stopped, Wire
from smart.drugs import codes_of
from smart.lenient import mapping, mappings, text
from smart.references import local_id
from wearable_agg.delivery.chart import Failure, Found, Mismatched, NotSent, Refused, Resource
from wearable_agg.delivery.patient_facts import MERGED, Answer, PatientFacts, PatientRecord

AT_ONCE = 16
"""Problem lists read at the same time, at most."""

_STANDING = frozenset({"active", "recurrence", "relapse", ""})
_UNUSABLE = frozenset({"entered-in-error", "refuted"})


class FhirPatientFacts(PatientFacts):
    """Reads Patient and, beside it, Condition where that is granted, with delivery's own access."""

    def __init__(self, base: str, egress: Egress, access: BackendToken) -> None:
        self._base = base
        self._wire = Wire(base, egress, access)
        self._search = Search(self._wire)
        self._beside = ThreadPoolExecutor(AT_ONCE, "problem list")

    def of(self, patient: str) -> Answer:
        """Read a patient as they are now."""
        try:
            if not self._wire.grants("Patient", "r"):
                return PatientRecord("", None, None)
            if not self._wire.grants("Condition", "s"):
                return self._as_record(self._read(patient), None)
            coming = self._beside.submit(self._search.of_patient, "Condition", patient)
            read = self._read(patient)
            if not isinstance(read, Mapping) or _unusable(read):
                coming.cancel()
                return self._as_record(read, None)
            found = coming.result()
            return self._as_record(read, found.resources) if isinstance(found, Found) else found
        except Stopped as stop:
            return stop.failure

    def _read(self, patient: str) -> Resource | Failure:
        answer = self._wire.send("GET", f"/Patient/{patient}")
        if answer.status in (404, 410):
            return Refused(f"The EHR answered {answer.status}: the patient is gone")
        if answer.status != 200:
            return failure(answer)
        if answer.resource is None or answer.kind != "Patient":
            return NotSent(f"{answer.reason} to a read, without a Patient")
        if answer.resource.get("id") != patient:
            return Mismatched("The EHR answered with another patient")
        return answer.resource

    def _as_record(
        self, read: Resource | Failure, conditions: tuple[Resource, ...] | None
    ) -> Answer:
        if not isinstance(read, Mapping):
            return read
        known = None if conditions is None else frozenset(_problems(conditions))
        return PatientRecord(_unusable(read), _born(read), known, replaced_by(self._base, read))


def replaced_by(base: str, resource: Resource) -> str:
    """Return the id of the one other record of this EHR that a Patient says it is replaced by.

    "" where it names none, several, itself, or one elsewhere.
    """
    named = {
        local_id(base, mapping(link.get("other")).get("reference"), "Patient")
        for link in _replacements(resource)
    }
    return named.pop() if len(named) == 1 and resource.get("id") not in named else ""


def _replacements(resource: Resource) -> list[Mapping[str, object]]:
    return [one for one in mappings(resource.get("link")) if one.get("type") == "replaced-by"]


def _unusable(resource: Resource) -> str:
    if _replacements(resource):
        return MERGED
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
