"""Small functions that write FHIR resources the way an EHR does; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Resource = dict[str, Any]

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
MRN = "urn:oid:2.16.578.1.99.4417.1"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
DOCTOR = {"reference": "Practitioner/ingrid-lind", "display": "Dr Ingrid Lind"}
UNITS = {"mg": "mg", "ug": "microgram"}
TIMES_A_DAY = {1: "once daily", 2: "twice daily", 3: "three times daily"}


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug product: its name as ordered and the codes we are sure of."""

    text: str
    rxnorm: str | None = None
    atc: str | None = None
    route: str = "by mouth"
    unit: str = "mg"

    def concept(self) -> Resource:
        """The CodeableConcept an order names it by."""
        codes = [(RXNORM, self.rxnorm), (ATC, self.atc)]
        coding = [{"system": system, "code": code} for system, code in codes if code]
        return {"text": self.text} | ({"coding": coding} if coding else {})


@dataclass(frozen=True, slots=True)
class Chart:
    """Writes one patient's resources; days are counted back from ``today``."""

    patient: str
    name: str
    today: date

    @property
    def subject(self) -> Resource:
        """The reference to the patient."""
        return {"reference": f"Patient/{self.patient}", "display": self.name}

    def day(self, days_ago: int) -> str:
        """A FHIR date so many days ago."""
        return (self.today - timedelta(days=days_ago)).isoformat()

    def moment(self, days_ago: int, hour: int = 9, minute: int = 0) -> str:
        """A FHIR dateTime so many days ago, in UTC."""
        day = self.today - timedelta(days=days_ago)
        return datetime.combine(day, time(hour, minute), UTC).isoformat().replace("+00:00", "Z")

    def order(
        self,
        key: str,
        drug: Drug,
        dose: float,
        per_day: int,
        start: int,
        *,
        end: int | None = None,
        status: str = "active",
        reason: str | None = None,
        supply_days: int | None = None,
        **extra: Any,
    ) -> Resource:
        """One MedicationRequest for one dose. ``start`` and ``end`` are days ago."""
        request = {
            "resourceType": "MedicationRequest",
            "id": f"{self.patient}-{key}",
            "status": status,
            "intent": "order",
            "subject": self.subject,
            "authoredOn": self.moment(start, 10, 20),
            "requester": DOCTOR,
            "medicationCodeableConcept": drug.concept(),
            "dosageInstruction": [self._dosage(drug, dose, per_day, start, end)],
        }
        if reason:
            request["statusReason"] = {"text": reason}
        if supply_days:
            until = start - supply_days
            period = {"start": self.day(start), "end": self.day(until)}
            request["dispenseRequest"] = {"validityPeriod": period}
        if "medicationReference" in extra:
            del request["medicationCodeableConcept"]
        return request | extra

    def statement(self, key: str, drug: Drug, dose: float, per_day: int, start: int) -> Resource:
        """A drug the patient says they take."""
        return {
            "resourceType": "MedicationStatement",
            "id": f"{self.patient}-{key}",
            "status": "active",
            "subject": self.subject,
            "medicationCodeableConcept": drug.concept(),
            "effectivePeriod": {"start": self.day(start)},
            "dateAsserted": self.moment(max(start - 2, 0), 13, 5),
            "informationSource": self.subject,
            "dosage": [self._dosage(drug, dose, per_day, start, None)],
        }

    def condition(self, key: str, text: str, snomed: str, onset: int) -> Resource:
        """A problem on the problem list; ``onset`` in days ago."""
        coding = [{"system": SNOMED, "code": snomed, "display": text}]
        return {
            "resourceType": "Condition",
            "id": f"{self.patient}-{key}",
            "clinicalStatus": concept("condition-clinical", "active"),
            "verificationStatus": concept("condition-ver-status", "confirmed"),
            "category": [concept("condition-category", "problem-list-item", "Problem List Item")],
            "code": {"coding": coding, "text": text},
            "subject": self.subject,
            "onsetDateTime": self.day(onset),
            "recordedDate": self.day(onset),
        }

    def allergy(self, key: str, text: str, reaction: str, criticality: str = "low") -> Resource:
        """A confirmed allergy."""
        return {
            "resourceType": "AllergyIntolerance",
            "id": f"{self.patient}-{key}",
            "clinicalStatus": concept("allergyintolerance-clinical", "active"),
            "verificationStatus": concept("allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "criticality": criticality,
            "code": {"text": text},
            "patient": self.subject,
            "recordedDate": self.day(1900),
            "reaction": [{"manifestation": [{"text": reaction}]}],
        }

    def encounter(self, key: str, text: str, days_ago: int, hour: int, status: str) -> Resource:
        """A visit to the outpatient clinic; 30 minutes, open-ended while it is in progress."""
        period = {"start": self.moment(days_ago, hour)}
        if status == "finished":
            period["end"] = self.moment(days_ago, hour, 30)
        return {
            "resourceType": "Encounter",
            "id": f"{self.patient}-{key}",
            "status": status,
            "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB"},
            "type": [{"text": text}],
            "subject": self.subject,
            "participant": [{"individual": DOCTOR}],
            "period": period,
        }

    def _dosage(
        self, drug: Drug, dose: float, per_day: int, start: int, end: int | None
    ) -> Resource:
        bounds = {"start": self.day(start)} | ({"end": self.day(end)} if end is not None else {})
        repeat = {"boundsPeriod": bounds, "frequency": per_day, "period": 1, "periodUnit": "d"}
        unit = UNITS.get(drug.unit, drug.unit)
        quantity: Resource = {"value": dose, "unit": unit}
        if drug.unit in UNITS:
            quantity |= {"system": UCUM, "code": drug.unit}
        return {
            "text": f"{dose:g} {unit} {drug.route} {TIMES_A_DAY[per_day]}",
            "timing": {"repeat": repeat},
            "route": {"text": drug.route},
            "doseAndRate": [{"doseQuantity": quantity}],
        }


def concept(system: str, code: str, display: str | None = None) -> Resource:
    """A CodeableConcept of one HL7 terminology code."""
    coding = {"system": f"{TERMINOLOGY}/{system}", "code": code}
    return {"coding": [coding | ({"display": display} if display else {})]}


def patient(id_: str, given: str, family: str, gender: str, born: str, mrn: str) -> Resource:
    """A Patient with a medical record number."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [
            {"use": "usual", "type": concept("v2-0203", "MR"), "system": MRN, "value": mrn}
        ],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "gender": gender,
        "birthDate": born,
    }


def practitioner(id_: str, prefix: str, given: str, family: str) -> Resource:
    """A Practitioner."""
    name = {"use": "official", "prefix": [prefix], "given": [given], "family": family}
    return {"resourceType": "Practitioner", "id": id_, "active": True, "name": [name]}


def dose_changes(
    chart: Chart, key: str, drugs: Sequence[tuple[Drug, float, int]], per_day: int, reason: str
) -> list[Resource]:
    """One order per dose: each but the last ended when the next began. Days ago, oldest first."""
    orders = []
    for number, (drug, dose, start) in enumerate(drugs, 1):
        end = drugs[number][2] if number < len(drugs) else None
        ended: Resource = {"end": end, "status": "completed", "reason": reason} if end else {}
        orders.append(chart.order(f"{key}-{number}", drug, dose, per_day, start, **ended))
    return orders
