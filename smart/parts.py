"""Reading one part of a chart: a search, its entries one by one, and what was lost of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from smart.errors import EhrError, NotPermitted
from smart.fhir import MAXIMUM_PAGES, FhirReader, Found
from smart.gaps import Gap, reason_for
from smart.habits import Habits
from smart.lenient import Resource, Unusable
from smart.patience import Budget
from smart.references import about
from smart.scopes import permits

PAGE_SIZE = "100"
NOT_OFFERED = "The EHR does not offer it."

Parse = Callable[[Resource, Counter[str]], Any]


@dataclass(frozen=True, slots=True)
class Scopes:
    """What the site asks for, and what the EHR granted of it."""

    wanted: tuple[str, ...]
    granted: tuple[str, ...]

    @classmethod
    def of(cls, wanted: Iterable[str], granted: Iterable[str] | None) -> Scopes:
        """`granted` None: all that was asked for."""
        asked = tuple(wanted)
        return cls(asked, asked if granted is None else tuple(granted))

    def wants(self, kind: str) -> bool:
        """Whether the site asks for searches of this kind at all."""
        return permits(self.wanted, kind, "s")

    def has(self, kind: str) -> bool:
        """Whether the EHR granted them."""
        return permits(self.granted, kind, "s")


@dataclass(slots=True)
class Part:
    """What reading one kind of resource brought, and what it did not."""

    kind: str
    title: str
    entries: list[Any] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)

    def lacks(self, reason: str) -> None:
        """State a gap."""
        self.gaps.append(Gap(self.title, reason))


@dataclass(frozen=True, slots=True)
class PartReading:
    """Reads parts for one patient; whatever is about somebody else is dropped and counted."""

    reader: FhirReader
    patient: str
    habits: Habits
    scopes: Scopes
    budget: Budget

    def read(
        self,
        part: Part,
        parse: Parse,
        *,
        wished: Mapping[str, str] | None = None,
        most_pages: int = MAXIMUM_PAGES,
        announce: Callable[[Sequence[Resource], Found], None] | None = None,
    ) -> None:
        """Search and parse into `part`, page by page; raises EhrError where nothing can be read.

        `announce` is told of each page before its entries are parsed.
        """
        self._demand(part.kind)
        lost: Counter[str] = Counter()

        def take(resources: list[dict[str, Any]], found: Found) -> None:
            if announce is not None:
                announce(resources, found)
            for resource in resources:
                self._parse(resource, parse, part, lost)

        query = self.habits.query(part.kind, self.patient, {"_count": PAGE_SIZE, **(wished or {})})
        found = self.reader.search(
            part.kind, query, each=take, most_pages=most_pages, budget=self.budget
        )
        for problem in found.problems:
            part.lacks(problem)
        for reason, number in lost.items():
            part.lacks(f"{reason} ({number})")

    def _demand(self, kind: str) -> None:
        if not self.scopes.has(kind):
            raise NotPermitted(f"{kind} was not granted")
        if not self.habits.offers(kind):
            raise NotOffered(f"{kind} cannot be searched for here")

    def _parse(self, resource: Resource, parse: Parse, part: Part, lost: Counter[str]) -> None:
        if not about(resource, self.reader.base, self.patient):
            lost["Entries about another person were left out"] += 1
            return
        try:
            part.entries.append(parse(resource, lost))
        except Unusable:
            lost["Entries without id or status were left out"] += 1


class NotOffered(NotPermitted):
    """The EHR has no searches of this kind."""


def each_on_its_own(
    readings: Sequence[tuple[Part, Callable[[], None]]],
    needed: Callable[[], None] | None = None,
) -> None:
    """Read parts at the same time; one that fails becomes a gap and leaves the others alone.

    Without `needed` nothing makes sense: its EhrError is raised.
    """

    def attempt(part: Part, read: Callable[[], None]) -> None:
        try:
            read()
        except EhrError as error:
            part.lacks(_words(error))

    if not readings:
        if needed is not None:
            needed()
        return
    with ThreadPoolExecutor(len(readings), "part") as pool:
        attempts = [pool.submit(attempt, part, read) for part, read in readings]
        if needed is not None:
            needed()
        for each in attempts:
            each.result()


def _words(error: EhrError) -> str:
    return NOT_OFFERED if isinstance(error, NotOffered) else reason_for(error)
