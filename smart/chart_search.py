"""Finding our resources again in an EHR: by identifier, or among all of a patient's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from smart.chart_answers import Expected, bears, failure, misplaced
from smart.chart_reply import Answer
from smart.chart_wire import Stopped, Wire
from smart.pages import next_link
from smart.references import inside, resolved
from wearable_agg.delivery.abilities import Abilities
from wearable_agg.delivery.chart import Ambiguous, Failure, Found, Identifier, NotSent, Resource

PAGES = 50
PAGE_SIZE = 200


def identifier_query(identifier: Identifier) -> str:
    """The search part of a query for one identifier."""
    return urlencode({"identifier": f"{identifier.system}|{identifier.value}"})


class Search:
    """Searches of one FHIR base."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def ours(
        self, kind: str, identifier: Identifier, patient: str, able: Abilities | None
    ) -> Found | Failure:
        """Resources that bear our identifier; any about somebody else are Mismatched."""
        expected = Expected(self._wire.base, kind, patient, identifier)
        if able is not None and able.searchable_by == "patient":
            found = self.of_patient(kind, patient)
            if not isinstance(found, Found):
                return found
            return Found(tuple(each for each in found.resources if bears(each, identifier)))
        return self._all(f"/{kind}?{identifier_query(identifier)}", expected)

    def of_patient(self, kind: str, patient: str) -> Found | Failure:
        """Every resource of a type about a patient."""
        query = urlencode({"patient": patient, "_count": PAGE_SIZE})
        return self._all(f"/{kind}?{query}", Expected(self._wire.base, kind, patient))

    def targets(self, reference: str) -> Found | Failure:
        """Every Provenance about a resource."""
        query = urlencode({"target": reference})
        return self._pages("Provenance", f"/Provenance?{query}")

    def _all(self, path: str, expected: Expected) -> Found | Failure:
        found = self._pages(expected.kind, path)
        for resource in found.resources if isinstance(found, Found) else ():
            if alarm := misplaced(resource, expected):
                return alarm
        return found

    def _pages(self, kind: str, path: str) -> Found | Failure:
        """Follow pages within the FHIR base."""
        gathered: list[Resource] = []
        try:
            self._wire.demand(kind, "s")
            for _ in range(PAGES):
                answer = self._wire.send("GET", path)
                if answer.status != 200:
                    return failure(answer)
                if answer.kind != "Bundle" or answer.resource is None:
                    return Ambiguous(f"{answer.reason} to a search, without a Bundle")
                gathered += _entries(answer, kind)
                url = next_link(dict(answer.resource))
                if not url:
                    return Found(tuple(gathered))
                path = self._beneath(resolved(self._wire.base, url))
        except Stopped as stop:
            return stop.failure
        return NotSent(f"A search for {kind} did not end after {PAGES} pages")

    def _beneath(self, url: str) -> str:
        if not inside(self._wire.base, url):
            raise Stopped(NotSent("A search goes on outside the registered address"))
        return url.removeprefix(self._wire.base)


def _entries(answer: Answer, kind: str) -> list[Mapping[str, Any]]:
    entries = (answer.resource or {}).get("entry", [])
    shown = [entry.get("resource") for entry in entries if isinstance(entry, Mapping)]
    return [
        each for each in shown if isinstance(each, Mapping) and each.get("resourceType") == kind
    ]
