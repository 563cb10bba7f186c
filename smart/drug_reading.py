"""Finding out which drug an entry means, where it says so only by reference."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from smart.drugs import Drug, contained_medication, drug_of_concept, drug_of_medication
from smart.errors import EhrError
from smart.fhir import FhirReader
from smart.gaps import reason_for
from smart.lenient import Resource, mapping, text
from smart.patience import Budget
from smart.references import local_id

MOST_DRUGS = 200  # drugs by reference are read one by one; more than this is not a chart
AT_ONCE = 4


class DrugReading:
    """The drugs of one reading of a chart; each is asked for once, a few at the same time.

    Medications that came along with a search are used; what did not is read by itself. Leaving
    the `with` waits for nothing that was not asked for by `drug_of`.
    """

    def __init__(self, reader: FhirReader, budget: Budget) -> None:
        self._reader = reader
        self._budget = budget
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._reads: dict[str, Future[Drug | str]] = {}
        self._included: dict[str, Drug] = {}

    def __enter__(self) -> DrugReading:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def announce(self, resources: Iterable[Resource], included: Mapping[str, Resource]) -> None:
        """Start reading the drugs that these entries refer to and that did not come along."""
        for name, medication in included.items():
            if name not in self._included and medication.get("resourceType") == "Medication":
                self._included[name] = drug_of_medication(medication)
        for resource in resources:
            reference = reference_of(resource) if "medicationReference" in resource else ""
            if reference and not reference.startswith("#"):
                self._start(reference)

    def drug_of(self, resource: Resource, lost: Counter[str]) -> Drug:
        """The drug of an entry; `lost` counts why one could not be read."""
        reference = reference_of(resource)
        if not reference:
            return drug_of_concept(resource.get("medicationCodeableConcept"))
        if reference.startswith("#"):
            return drug_of_medication(contained_medication(resource, reference) or {})
        drug = self._drug_at(reference)
        if isinstance(drug, str):
            lost[drug] += 1
            drug = Drug("")
        return drug if drug.name else drug._replace(name=_shown_name(resource))

    def _drug_at(self, reference: str) -> Drug | str:
        if reference in self._included:
            return self._included[reference]
        return self._start(reference).result()

    def _start(self, reference: str) -> Future[Drug | str]:
        with self._lock:
            if reference not in self._reads:
                self._reads[reference] = self._started(reference)
            return self._reads[reference]

    def _started(self, reference: str) -> Future[Drug | str]:
        identifier = local_id(self._reader.base, reference, "Medication")
        if reference in self._included:
            return _known(self._included[reference])
        if not identifier:
            return _known("Drug details outside the EHR were not fetched")
        if len(self._reads) >= MOST_DRUGS:
            return _known(f"Drug details were fetched for {MOST_DRUGS} drugs only")
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, "drug")
        return self._pool.submit(self._read, identifier)

    def _read(self, identifier: str) -> Drug | str:
        try:
            return drug_of_medication(self._reader.read("Medication", identifier, self._budget))
        except EhrError as error:
            return f"Drug details were not read. {reason_for(error)}"


def reference_of(resource: Resource) -> str:
    """The reference to the drug, "" where the entry names the drug itself."""
    return text(mapping(resource.get("medicationReference")).get("reference"))


def _shown_name(resource: Resource) -> str:
    """The name that the reference carries for display, "" where it has none."""
    return text(mapping(resource.get("medicationReference")).get("display"))


def _known(outcome: Drug | str) -> Future[Drug | str]:
    future: Future[Drug | str] = Future()
    future.set_result(outcome)
    return future
