"""One launched patient's record, read with one launch's access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from clinical.medications import Order
from smart.drugs import Drug, contained_medication, drug_of_concept, drug_of_medication
from smart.errors import EhrError, IdentityRefused
from smart.fhir import FhirReader, Resource
from smart.gaps import Gap, reason_for
from smart.medications import (
    Unusable,
    medication_reference,
    order_of_request,
    order_of_statement,
)
from smart.patient import Demographics, demographics
from smart.references import about, local_id
from smart.scopes import permits

PAGE_SIZE = "100"
LONGEST_NAME_LIST = 200  # drugs by reference are read one by one; more than this is not a chart

Parse = Callable[[Resource, Drug, ZoneInfo], Order]


@dataclass(frozen=True, slots=True)
class MedicationOrders:
    """What was read, and a Gap for each thing that was not."""

    orders: tuple[Order, ...]
    gaps: tuple[Gap, ...]


@dataclass(slots=True)
class PatientRecord:
    """Reads what concerns one patient; whatever is about somebody else is dropped and stated."""

    reader: FhirReader
    patient: str
    scopes: frozenset[str]
    zone: ZoneInfo
    _drugs: dict[str, Drug] = field(default_factory=dict)

    def demographics(self) -> Demographics:
        """Who the patient is. Raises EhrError; IdentityRefused where the EHR hands out another."""
        resource = self.reader.read("Patient", self.patient)
        if resource.get("id") != self.patient:
            raise IdentityRefused("the EHR answered with another patient")
        return demographics(resource)

    def medications(self, wanted: Iterable[str]) -> MedicationOrders:
        """All orders and statements, in so far as the EHR lets them be read.

        `wanted` are the scopes the site asks for: a kind that was never asked for is no gap.
        Raises EhrError where not even the orders could be asked for.
        """
        gaps: list[Gap] = []
        orders = self._orders("MedicationRequest", order_of_request, gaps)
        if permits(wanted, "MedicationStatement", "s"):
            try:
                orders += self._orders("MedicationStatement", order_of_statement, gaps)
            except EhrError as error:
                gaps.append(Gap(PARTS["MedicationStatement"], reason_for(error)))
        return MedicationOrders(tuple(orders), tuple(gaps))

    def _orders(self, kind: str, parse: Parse, gaps: list[Gap]) -> list[Order]:
        found = self.reader.search(kind, {"patient": self.patient, "_count": PAGE_SIZE})
        gaps.extend(Gap(PARTS[kind], problem) for problem in found.problems)
        lost: Counter[str] = Counter()
        orders = [
            order
            for resource in found.resources
            if (order := self._order(resource, parse, lost)) is not None
        ]
        gaps.extend(Gap(PARTS[kind], f"{reason} ({n})") for reason, n in lost.items())
        return orders

    def _order(self, resource: Resource, parse: Parse, lost: Counter[str]) -> Order | None:
        if not about(resource, self.reader.base, self.patient):
            lost["Entries about another person were left out"] += 1
            return None
        try:
            return parse(resource, self._drug(resource, lost), self.zone)
        except Unusable:
            lost["Entries without id or status were left out"] += 1
            return None

    def _drug(self, resource: Resource, lost: Counter[str]) -> Drug:
        reference = medication_reference(resource)
        if not reference:
            return drug_of_concept(resource.get("medicationCodeableConcept"))
        if reference.startswith("#"):
            return drug_of_medication(contained_medication(resource, reference) or {})
        drug = self._read_drug(reference, lost)
        shown = resource["medicationReference"].get("display")
        return drug if drug.name else Drug(str(shown or ""), drug.codes, drug.ingredients)

    def _read_drug(self, reference: str, lost: Counter[str]) -> Drug:
        """Read a Medication once; one that cannot be read is stated and not asked for again."""
        if reference not in self._drugs:
            self._drugs[reference] = self._fetch_drug(reference, lost)
        return self._drugs[reference]

    def _fetch_drug(self, reference: str, lost: Counter[str]) -> Drug:
        identifier = local_id(self.reader.base, reference, "Medication")
        if not identifier or len(self._drugs) >= LONGEST_NAME_LIST:
            lost["Drug details outside the EHR were not fetched"] += 1
            return Drug("")
        try:
            return drug_of_medication(self.reader.read("Medication", identifier))
        except EhrError as error:
            lost[f"Drug details were not read. {reason_for(error)}"] += 1
            return Drug("")


PARTS: dict[str, str] = {
    "MedicationRequest": "Medication orders",
    "MedicationStatement": "Patient-reported medications",
}
