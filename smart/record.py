"""One launched patient's record, read with one launch's access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from clinical.chart import Background
from clinical.medications import Administration, Dispense, Order
from smart.background import allergy_of, problem_of, visit_of
from smart.drug_reading import DrugReading
from smart.drugs import Drug
from smart.fhir import FhirReader, Found
from smart.gaps import Gap
from smart.given import administration_of, dispense_of
from smart.habits import INCLUDE, UNKNOWN, Habits
from smart.lenient import Resource
from smart.medications import order_of_request, order_of_statement
from smart.parts import Part, PartReading, Scopes, each_on_its_own
from smart.patience import Budget
from smart.patient import Demographics, demographics

MOST_PAGES_OF_EVENTS = 5  # an inpatient is given thousands of doses; the newest are enough
GIVEN_WITHIN = timedelta(days=90)
VISITED_WITHIN = timedelta(days=365)
TITLES: Mapping[str, str] = {
    "MedicationRequest": "Medication orders",
    "MedicationStatement": "Patient-reported medications",
    "MedicationDispense": "Dispensed medications",
    "MedicationAdministration": "Administered medications",
    "Condition": "Problem list",
    "AllergyIntolerance": "Allergies",
    "Encounter": "Visits",
}

ParseWithDrug = Callable[[Resource, Drug, ZoneInfo], Any]


@dataclass(frozen=True, slots=True)
class MedicationOrders:
    """What was read, and a Gap for each thing that was not."""

    orders: tuple[Order, ...]
    gaps: tuple[Gap, ...]
    dispenses: tuple[Dispense, ...] = ()
    administrations: tuple[Administration, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Reads what concerns one patient.

    `wanted` are the scopes the site asks for: a kind that was never asked for is no gap. `granted`
    are those of the token (None: the same). Each part that cannot be read is a gap of its own.
    """

    reader: FhirReader
    patient: str
    zone: ZoneInfo
    habits: Habits = UNKNOWN

    def demographics(self) -> Demographics:
        """Who the patient is; raises EhrError."""
        return demographics(self.reader.read("Patient", self.patient))

    def medications(
        self, wanted: Iterable[str], granted: Iterable[str] | None = None
    ) -> MedicationOrders:
        """Orders, statements, and what was dispensed and administered.

        Raises EhrError where not even the orders could be asked for.
        """
        reading = self._reading(wanted, granted)
        requests, *others = parts = _parts(*_DRUG_KINDS)
        asked = [part for part in others if reading.scopes.wants(part.kind)]
        with DrugReading(self.reader, reading.budget) as drugs:
            steps = [(part, partial(self._with_drugs, reading, drugs, part)) for part in asked]
            needed = partial(self._with_drugs, reading, drugs, requests)
            each_on_its_own(steps, needed=needed)
        orders, statements, dispenses, administrations = (tuple(part.entries) for part in parts)
        gaps = tuple(gap for part in parts for gap in part.gaps)
        return MedicationOrders(orders + statements, gaps, dispenses, administrations)

    def background(self, wanted: Iterable[str], granted: Iterable[str] | None = None) -> Background:
        """The problem list, the allergies and the visits of a year."""
        reading = self._reading(wanted, granted)
        parts = _parts(*_OTHER_KINDS)
        asked = [part for part in parts if reading.scopes.wants(part.kind)]
        each_on_its_own([(part, partial(self._without_drugs, reading, part)) for part in asked])
        problems, allergies, visits = (tuple(part.entries) for part in parts)
        gaps = tuple(str(gap) for part in parts for gap in part.gaps)
        complete = frozenset(part.kind for part in asked if not part.gaps)
        return Background(problems, allergies, visits, gaps, complete)

    def _reading(self, wanted: Iterable[str], granted: Iterable[str] | None) -> PartReading:
        scopes = Scopes.of(wanted, granted)
        return PartReading(self.reader, self.patient, self.habits, scopes, Budget())

    def _with_drugs(self, reading: PartReading, drugs: DrugReading, part: Part) -> None:
        parse_entry, query, most_pages = _DRUG_KINDS[part.kind]

        def parse(resource: Resource, lost: Counter[str]) -> Any:
            return parse_entry(resource, drugs.drug_of(resource, lost), self.zone)

        def announce(resources: Iterable[Resource], found: Found) -> None:
            drugs.announce(resources, found.included)

        wished = dict(query(datetime.now(UTC)))
        if part.kind == "MedicationRequest" and self.habits.includes_medications:
            wished["_include"] = INCLUDE
        reading.read(part, parse, wished=wished, most_pages=most_pages, announce=announce)

    def _without_drugs(self, reading: PartReading, part: Part) -> None:
        parse_entry, query = _OTHER_KINDS[part.kind]

        def parse(resource: Resource, lost: Counter[str]) -> Any:
            return parse_entry(resource, self.zone)

        reading.read(part, parse, wished=query(datetime.now(UTC)))


def _parts(*kinds: str) -> list[Part]:
    return [Part(kind, TITLES[kind]) for kind in kinds]


def _everything(now: datetime) -> Mapping[str, str]:
    return {}


def _given_lately(now: datetime) -> Mapping[str, str]:
    return {"effective-time": f"ge{now - GIVEN_WITHIN:%Y-%m-%dT%H:%M:%SZ}"}


def _visited_lately(now: datetime) -> Mapping[str, str]:
    return {"date": f"ge{now - VISITED_WITHIN:%Y-%m-%dT%H:%M:%SZ}"}


def _on_the_problem_list(now: datetime) -> Mapping[str, str]:
    return {"category": "problem-list-item"}


Query = Callable[[datetime], Mapping[str, str]]
_DRUG_KINDS: Mapping[str, tuple[ParseWithDrug, Query, int]] = {
    "MedicationRequest": (order_of_request, _everything, 100),
    "MedicationStatement": (order_of_statement, _everything, 100),
    "MedicationDispense": (dispense_of, _everything, MOST_PAGES_OF_EVENTS),
    "MedicationAdministration": (administration_of, _given_lately, MOST_PAGES_OF_EVENTS),
}
_OTHER_KINDS: Mapping[str, tuple[Callable[[Resource, ZoneInfo], Any], Query]] = {
    "Condition": (problem_of, _on_the_problem_list),
    "AllergyIntolerance": (allergy_of, _everything),
    "Encounter": (visit_of, _visited_lately),
}
