"""A tenant's EHR as delivery writes to it: FHIR R4, by conditional create and If-Match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart_answers import Expected, created, failure, misplaced, transacted, updated
from smart.chart_reply import Answer
from smart.chart_wire import Stopped, Wire
from smart.references import local_id
from wearable_agg.delivery.chart import (
    Ambiguous,
    Chart,
    Failure,
    Found,
    Identifier,
    New,
    Outcome,
    Resource,
)

_WHOLE = "return=representation"


class FhirChart(Chart):
    """Writes to one FHIR base with the delivery role's own access."""

    def __init__(self, base: str, egress: Egress, access: BackendToken) -> None:
        self._wire = Wire(base, egress, access)

    def create(self, new: Sequence[New]) -> Outcome:
        """Create one resource by If-None-Exist, several by one transaction."""
        main = new[0]
        expected = self._expected(main.resource, main.unless)
        try:
            self._demand_create(new)
            if len(new) > 1:
                return transacted(self._transact([_post(e) for e in new]), len(new), expected)
            condition = {"If_None_Exist": _query(main.unless)} if main.unless else {}
            path = f"/{expected.kind}"
            return created(
                self._wire.send("POST", path, main.resource, Prefer=_WHOLE, **condition), expected
            )
        except Stopped as stop:
            return stop.failure

    def find(self, resource_type: str, identifier: Identifier, patient: str) -> Found | Failure:
        """Search by identifier, all on one page: there should be one at most."""
        expected = Expected(self._wire.base, resource_type, patient, identifier)
        try:
            self._wire.demand(resource_type, "s")
            answer = self._wire.send("GET", f"/{resource_type}?{_query(identifier)}")
        except Stopped as stop:
            return stop.failure
        return _found(answer, expected)

    def update(self, resource: Resource, version: str, also: Sequence[New] = ()) -> Outcome:
        """Replace by If-Match; with `also` in one transaction."""
        expected = self._expected(resource, None)
        path = f"{expected.kind}/{resource['id']}"
        tag = f'W/"{version}"'
        try:
            self._wire.demand(expected.kind, "u")
            self._demand_create(also)
            if not also:
                answer = self._wire.send("PUT", f"/{path}", resource, If_Match=tag, Prefer=_WHOLE)
                return updated(answer, expected)
            put = {"method": "PUT", "url": path, "ifMatch": tag}
            entries = [{"resource": resource, "request": put}, *map(_post, also)]
            return transacted(self._transact(entries), len(entries), expected, reading=updated)
        except Stopped as stop:
            return stop.failure

    def _expected(self, resource: Resource, identifier: Identifier | None) -> Expected:
        subject = resource["subject"]["reference"]
        patient = local_id(self._wire.base, subject, "Patient")
        return Expected(self._wire.base, resource["resourceType"], patient, identifier)

    def _demand_create(self, new: Sequence[New]) -> None:
        for each in new:
            self._wire.demand(each.resource["resourceType"], "c")

    def _transact(self, entries: Sequence[Mapping[str, Any]]) -> Answer:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        return self._wire.send("POST", "", bundle, Prefer=_WHOLE)


def _post(new: New) -> dict[str, Any]:
    request = {"method": "POST", "url": new.resource["resourceType"]}
    if new.unless:
        request["ifNoneExist"] = _query(new.unless)
    return {"fullUrl": new.full_url, "resource": new.resource, "request": request}


def _query(identifier: Identifier) -> str:
    return urlencode({"identifier": f"{identifier.system}|{identifier.value}"})


def _found(answer: Answer, expected: Expected) -> Found | Failure:
    """Read a search's answer: entries of the type asked for, each checked to be ours."""
    if answer.status != 200:
        return failure(answer)
    if answer.kind != "Bundle" or answer.resource is None:
        return Ambiguous(f"{answer.reason} to a search, without a Bundle")
    entries = answer.resource.get("entry", [])
    shown = [entry.get("resource") for entry in entries if isinstance(entry, Mapping)]
    resources = tuple(
        each
        for each in shown
        if isinstance(each, Mapping) and each.get("resourceType") == expected.kind
    )
    for resource in resources:
        if alarm := misplaced(resource, expected):
            return alarm
    return Found(resources)
