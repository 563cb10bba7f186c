"""One launched patient's record, read with one launch's access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from clinical.medications import Order
from smart.drugs import Drug, contained_medication, drug_of_concept, drug_of_medication
from smart.errors import EhrError
from smart.fhir import FhirReader, Resource
from smart.gaps import Gap, reason_for
from smart.medications import (
    Unusable,
    medication_reference,
    order_of_request,
    order_of_statement,
    shown_name,
)
from smart.patient import Demographics, demographics
from smart.references import about, local_id
from smart.scopes import permits

PAGE_SIZE = "100"
MOST_DRUGS = 200  # drugs by reference are read one by one; more than this is not a chart

Parse = Callable[[Resource, Drug, ZoneInfo], Order]


@dataclass(frozen=True, slots=True)
class MedicationOrders:
    """What was read, and a Gap for each thing that was not."""

    orders: tuple[Order, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Reads what concerns one patient; whatever is about somebody else is dropped and stated."""

    reader: FhirReader
    patient: str
    zone: ZoneInfo

    def demographics(self) -> Demographics:
        """Who the patient is; raises EhrError."""
        return demographics(self.reader.read("Patient", self.patient))

    def medications(self, wanted: Iterable[str]) -> MedicationOrders:
        """All orders and statements, in so far as the EHR lets them be read.

        `wanted` are the scopes the site asks for: a kind that was never asked for is no gap.
        Raises EhrError where not even the orders could be asked for.
        """
        reading = _Reading(self)
        orders = reading.orders("MedicationRequest", order_of_request)
        if permits(wanted, "MedicationStatement", "s"):
            try:
                orders += reading.orders("MedicationStatement", order_of_statement)
            except EhrError as error:
                reading.gaps.append(Gap(PARTS["MedicationStatement"], reason_for(error)))
        return MedicationOrders(tuple(orders), tuple(reading.gaps))


@dataclass(slots=True)
class _Reading:
    """One reading of the medications: drugs met on the way, and what was lost."""

    record: PatientRecord
    gaps: list[Gap] = field(default_factory=list)
    drugs: dict[str, Drug | str] = field(default_factory=dict)

    def orders(self, kind: str, parse: Parse) -> list[Order]:
        parameters = {"patient": self.record.patient, "_count": PAGE_SIZE}
        found = self.record.reader.search(kind, parameters)
        self.gaps.extend(Gap(PARTS[kind], problem) for problem in found.problems)
        lost: Counter[str] = Counter()
        read = [self._order(resource, parse, lost) for resource in found.resources]
        self.gaps.extend(Gap(PARTS[kind], f"{reason} ({n})") for reason, n in lost.items())
        return [order for order in read if order is not None]

    def _order(self, resource: Resource, parse: Parse, lost: Counter[str]) -> Order | None:
        if not about(resource, self.record.reader.base, self.record.patient):
            lost["Entries about another person were left out"] += 1
            return None
        try:
            return parse(resource, self._drug(resource, lost), self.record.zone)
        except Unusable:
            lost["Entries without id or status were left out"] += 1
            return None

    def _drug(self, resource: Resource, lost: Counter[str]) -> Drug:
        reference = medication_reference(resource)
        if not reference:
            return drug_of_concept(resource.get("medicationCodeableConcept"))
        if reference.startswith("#"):
            return drug_of_medication(contained_medication(resource, reference) or {})
        drug = self._drug_at(reference)
        if isinstance(drug, str):
            lost[drug] += 1
            drug = Drug("")
        return drug if drug.name else replace(drug, name=shown_name(resource))

    def _drug_at(self, reference: str) -> Drug | str:
        """The drug, or why it was not read; each is asked for once."""
        if reference not in self.drugs:
            self.drugs[reference] = self._read_drug(reference)
        return self.drugs[reference]

    def _read_drug(self, reference: str) -> Drug | str:
        reader = self.record.reader
        identifier = local_id(reader.base, reference, "Medication")
        if not identifier:
            return "Drug details outside the EHR were not fetched"
        if len(self.drugs) >= MOST_DRUGS:
            return f"Drug details were fetched for {MOST_DRUGS} drugs only"
        try:
            return drug_of_medication(reader.read("Medication", identifier))
        except EhrError as error:
            return f"Drug details were not read. {reason_for(error)}"


PARTS: dict[str, str] = {
    "MedicationRequest": "Medication orders",
    "MedicationStatement": "Patient-reported medications",
}
