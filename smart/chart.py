"""A tenant's EHR as delivery writes to it: FHIR R4, in ways that this EHR was seen to honour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart_answers import Expected, created, failure, stored, transacted, updated
from smart.chart_creation import OneByOne, patient_of
from smart.chart_links import without
from smart.chart_reply import Answer
from smart.chart_search import Search, identifier_query
from smart.chart_wire import Stopped, Wire
from smart.lenient import mapping
from wearable_agg.delivery.abilities import CreateBy, Personality
from wearable_agg.delivery.chart import (
    Absent,
    Ambiguous,
    Chart,
    Created,
    Existed,
    Failure,
    Found,
    Identifier,
    Mismatched,
    New,
    Outcome,
    Refused,
    Rejected,
    Resource,
    Several,
    Updated,
)

_WHOLE = "return=representation"


class FhirChart(Chart):
    """Writes to one FHIR base with the delivery role's own access."""

    def __init__(
        self,
        base: str,
        egress: Egress,
        access: BackendToken,
        personality: Personality | None = None,
    ) -> None:
        self.personality = personality or Personality()
        self._wire = Wire(base, egress, access)
        self._search = Search(self._wire)
        self._one_by_one = OneByOne(self._wire, self._search, self.personality)

    def create(self, new: Sequence[New]) -> Outcome:
        """By one transaction, or one by one; see Chart."""
        try:
            self._demand_create(new)
            wanted = self._taken(new)
            main = wanted[0]
            if not self._transacts(main):
                return self._one_by_one.create(wanted)
            if not self._atomic(main):
                outcome = self._one_by_one.look(main, self._patient(main.resource))
                return self._with_shared(wanted) if isinstance(outcome, Absent) else outcome
            outcome = self._create_together(wanted)
            return self._with_shared(wanted) if isinstance(outcome, Several) else outcome
        except Stopped as stop:
            return stop.failure

    def look(self, new: Sequence[New]) -> Outcome:
        """By identifier, or by the id of our choice; see Chart."""
        try:
            wanted = self._taken(new)
            if self._transacts(wanted[0]):
                return self._one_by_one.look(wanted[0], self._patient(wanted[0].resource))
            return self._one_by_one.complete(wanted)
        except Stopped as stop:
            return stop.failure

    def find(self, resource_type: str, identifier: Identifier, patient: str) -> Found | Failure:
        """By identifier where the EHR keeps it, else among all of the patient's.

        What the EHR shows there without its version is read by itself, for the ETag.
        """
        able = self.personality.kinds.get(resource_type)
        found = self._search.ours(resource_type, identifier, patient, able)
        if not isinstance(found, Found):
            return found
        expected = Expected(self._wire.base, resource_type, patient, identifier)
        try:
            return Found(tuple(self._versioned(each, expected) for each in found.resources))
        except Stopped as stop:
            return stop.failure

    def held(self, resource_type: str, patient: str) -> Found | Failure:
        """Every resource of a type about a patient."""
        return self._search.of_patient(resource_type, patient)

    def is_deleted(self, reference: str) -> bool:
        """By reading it: 410 tells a deletion from an EHR that lost it."""
        try:
            return self._wire.send("GET", f"/{reference}").status == 410
        except Stopped:
            return False

    def update(self, resource: Resource, version: str, also: Sequence[New] = ()) -> Outcome:
        """Replace by If-Match; with `also` in one transaction where there is one."""
        expected = Expected(self._wire.base, resource["resourceType"], self._patient(resource))
        able = self.personality.kinds.get(expected.kind)
        if able is None or not able.changeable:
            return Refused(f"This EHR has no safe way to change a {expected.kind}")
        try:
            self._wire.demand(expected.kind, "u")
            self._demand_create(also)
            wanted = [each for each in also if self.personality.creates(_kind(each))]
            if wanted and able.create_by is CreateBy.TRANSACTION:
                return self._update_together(resource, version, wanted, expected)
            return self._update_alone(resource, version, wanted, expected)
        except Stopped as stop:
            return stop.failure

    def _with_shared(self, wanted: list[New]) -> Outcome:
        """As _create_together, apart from what others may create at the same moment."""
        apart = self._one_by_one.with_shared(wanted)
        return self._create_together(apart) if isinstance(apart, list) else apart

    def _create_together(self, wanted: Sequence[New]) -> Outcome:
        main = wanted[0]
        expected = self._expected(main.resource, main.unless)
        if len(wanted) > 1:
            return transacted(self._transact([_post(e) for e in wanted]), len(wanted), expected)
        condition = {"If_None_Exist": identifier_query(main.unless)} if main.unless else {}
        path = f"/{expected.kind}"
        answer = self._wire.send("POST", path, main.resource, Prefer=_WHOLE, **condition)
        return created(answer, expected)

    def _update_together(
        self, resource: Resource, version: str, also: Sequence[New], expected: Expected
    ) -> Outcome:
        path = f"{expected.kind}/{resource['id']}"
        put = {"method": "PUT", "url": path, "ifMatch": _tag(version)}
        entries = [{"resource": resource, "request": put}, *map(_post, also)]
        return transacted(self._transact(entries), len(entries), expected, reading=updated)

    def _update_alone(
        self, resource: Resource, version: str, also: Sequence[New], expected: Expected
    ) -> Outcome:
        path = f"/{expected.kind}/{resource['id']}"
        outcome = updated(
            self._wire.send("PUT", path, resource, If_Match=_tag(version), Prefer=_WHOLE), expected
        )
        if not isinstance(outcome, Updated):
            return outcome
        for each in also:
            with_it = self._one_by_one.create([each])
            if not isinstance(with_it, Created | Existed | Refused | Rejected):
                return Ambiguous("The change is in the chart; what goes with it may not be")
        return outcome

    def _versioned(self, resource: Resource, expected: Expected) -> Resource:
        meta = mapping(resource.get("meta"))
        if meta.get("versionId") or not resource.get("id"):
            return resource
        answer = self._wire.send("GET", f"/{expected.kind}/{resource['id']}")
        if answer.status != 200:
            raise Stopped(failure(answer))
        outcome, read = stored(answer, expected), mapping(answer.resource)
        if isinstance(outcome, Mismatched | Ambiguous):
            raise Stopped(outcome)
        version = outcome.version if isinstance(outcome, Existed) else ""
        return {**read, "meta": {**mapping(read.get("meta")), "versionId": version}}

    def _taken(self, new: Sequence[New]) -> list[New]:
        """Leave out what this EHR does not take; the first is sent whatever was seen of it."""
        left_out = tuple(e for e in new[1:] if not self.personality.creates(_kind(e)))
        return without(tuple(new), left_out) if left_out else list(new)

    def _transacts(self, main: New) -> bool:
        able = self.personality.kinds.get(_kind(main))
        return able is not None and able.create_by is CreateBy.TRANSACTION

    def _atomic(self, main: New) -> bool:
        able = self.personality.kinds.get(_kind(main))
        return able is not None and able.atomic

    def _patient(self, resource: Resource) -> str:
        return patient_of(self._wire.base, resource)

    def _expected(self, resource: Resource, identifier: Identifier | None) -> Expected:
        kind, patient = resource["resourceType"], self._patient(resource)
        return Expected(self._wire.base, kind, patient, identifier)

    def _demand_create(self, new: Sequence[New]) -> None:
        for each in new:
            if self.personality.creates(_kind(each)):
                self._wire.demand(_kind(each), "c")

    def _transact(self, entries: Sequence[Mapping[str, Any]]) -> Answer:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        return self._wire.send("POST", "", bundle, Prefer=_WHOLE)


def _kind(new: New) -> str:
    return str(new.resource["resourceType"])


def _tag(version: str) -> str:
    return f'W/"{version}"'


def _post(new: New) -> dict[str, Any]:
    request = {"method": "POST", "url": new.resource["resourceType"]}
    if new.unless:
        request["ifNoneExist"] = identifier_query(new.unless)
    return {"fullUrl": new.full_url, "resource": new.resource, "request": request}
