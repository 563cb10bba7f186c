"""The simulated FHIR server: single resources, searches in pages, creates and updates."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.conformance.simulator.behaviour import Behaviour
from tests.conformance.simulator.recording import Sent
from tests.conformance.simulator.server import Answer, of_fhir

Resource = dict[str, Any]


@dataclass
class FhirServer:
    """Holds resources by type and id; every request needs a good token."""

    behaviour: Behaviour
    base: str
    accepts: Callable[[str], bool]
    resources: dict[str, dict[str, Resource]] = field(default_factory=dict)

    def put(self, *resources: Resource) -> None:
        """Hold resources."""
        for resource in resources:
            self.resources.setdefault(resource["resourceType"], {})[resource["id"]] = resource

    def answer(self, sent: Sent) -> Answer:
        """The answer to any request beneath the FHIR base."""
        if not self.accepts(sent.bearer):
            return self.behaviour.refuse_401_as
        steps = sent.path.split("/fhir", 1)[1].strip("/").split("/")
        if steps[0] in self.behaviour.forbidden:
            return of_fhir(outcome("forbidden"), 403)
        if sent.method in ("POST", "PUT"):
            return self._written(sent, steps)
        return self._read(*steps) if len(steps) == 2 else self._search(steps[0], sent)

    def _read(self, kind: str, identifier: str) -> Answer:
        found = self.resources.get(kind, {}).get(identifier)
        if found is None:
            return of_fhir(outcome("not-found"), 404)
        if kind == "Patient" and self.behaviour.reads_back:
            found = {**found, "id": self.behaviour.reads_back}
        return of_fhir(found)

    def _search(self, kind: str, sent: Sent) -> Answer:
        asked = dict(sent.parameters)
        patient = asked.get("patient", asked.get("subject", "")).removeprefix("Patient/")
        found = [each for each in self.resources.get(kind, {}).values() if _about(each, patient)]
        begin, size = int(asked.get("page", "0")), self.behaviour.page_size
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": [{"resource": each} for each in found[begin : begin + size]],
        }
        more = self.behaviour.next_link if begin == 0 else ""
        if not more and begin + size < len(found):
            more = f"{self.base}/{kind}?patient={patient}&page={begin + size}"
        if more:
            bundle["link"] = [{"relation": "next", "url": more}]
        return replace(of_fhir(bundle), seconds=self.behaviour.page_seconds)

    def _written(self, sent: Sent, steps: list[str]) -> Answer:
        resource = json.loads(sent.body)
        if resource["resourceType"] == "Bundle":
            entries = [self._kept(each["resource"]) for each in resource["entry"]]
            answered = [
                {"resource": each, "response": {"status": "201", "location": _location(each)}}
                for each in entries
            ]
            return of_fhir(
                {"resourceType": "Bundle", "type": "transaction-response", "entry": answered}
            )
        kept = self._kept(resource, steps[1] if len(steps) > 1 else "")
        return of_fhir(kept, 200 if sent.method == "PUT" else 201)

    def _kept(self, resource: Resource, identifier: str = "") -> Resource:
        kind = resource["resourceType"]
        held = self.resources.setdefault(kind, {})
        identifier = identifier or str(resource.get("id") or f"{kind.lower()}-{len(held) + 1}")
        old = int(held.get(identifier, {}).get("meta", {}).get("versionId", "0"))
        kept = {**resource, "id": identifier, "meta": {"versionId": str(old + 1)}}
        held[identifier] = kept
        return kept


def outcome(code: str, severity: str = "error") -> Resource:
    """An OperationOutcome."""
    issue = {"severity": severity, "code": code, "diagnostics": f"simulated: {code}"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _location(resource: Resource) -> str:
    version = resource["meta"]["versionId"]
    return f"{resource['resourceType']}/{resource['id']}/_history/{version}"


def _about(resource: Resource, patient: str) -> bool:
    subject = resource.get("subject") or resource.get("patient") or {}
    return not patient or str(subject.get("reference", "")).endswith(f"Patient/{patient}")
