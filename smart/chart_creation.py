"""Creating one by one, where an EHR has no transaction that can be relied on."""

from __future__ import annotations

from datetime import datetime

from smart.chart_answers import Expected, created, failure, stored
from smart.chart_links import refers_to, relinked
from smart.chart_search import Search, identifier_query
from smart.chart_wire import Wire
from smart.references import local_id
from wearable_agg.delivery.abilities import ABLE, Abilities, CreateBy, Personality
from wearable_agg.delivery.chart import (
    Absent,
    Ambiguous,
    Created,
    Existed,
    Found,
    Mismatched,
    New,
    Outcome,
    Refused,
    Rejected,
    Resource,
    Several,
)

_WHOLE = "return=representation"


class OneByOne:
    """Creates what is missing of several, each so that a repetition has no effect."""

    def __init__(self, wire: Wire, search: Search, personality: Personality) -> None:
        self._wire = wire
        self._search = search
        self._personality = personality

    def create(self, new: list[New]) -> Outcome:
        """Create what the first refers to, the first, then what refers to it. Raises Stopped."""
        main, *rest = new
        patient = patient_of(self._wire.base, main.resource)
        outcome = self.look(main, patient)
        places: dict[str, str] = {}
        if isinstance(outcome, Absent):
            stop = self._before(main, rest, places)
            outcome = stop or self._send(main, patient, places)
        if isinstance(outcome, Created | Existed):
            return self._after(main, rest, outcome, places)
        return outcome

    def with_shared(self, new: list[New]) -> list[New] | Outcome:
        """Create what is about no patient, and so is shared, before the others, which refer to it.

        Parallel writes for different patients may double it in an EHR that lets them; any one of
        several does. Raises Stopped.
        """
        places: dict[str, str] = {}
        for each in new[1:]:
            if each.unless is None or _patient_in(each):
                continue
            outcome = self._one(each, places)
            if not isinstance(outcome, Created | Existed):
                return outcome
            places[each.full_url] = outcome.reference
        return [
            New(relinked(each.resource, places), each.full_url, each.unless)
            for each in new
            if each.full_url not in places
        ]

    def complete(self, new: list[New]) -> Outcome:
        """Look whether the first is there, and all that refers to it. Raises Stopped."""
        main, *rest = new
        outcome = self.look(main, patient_of(self._wire.base, main.resource))
        if not isinstance(outcome, Existed):
            return outcome
        for each in _after(main, rest):
            there = self._is_there(each, outcome.reference)
            if isinstance(there, Absent):
                return there
        return outcome

    def look(self, new: New, patient: str) -> Outcome:
        """Look for one: Existed, Absent or why that is not known. Raises Stopped."""
        kind = new.resource["resourceType"]
        if self._able(kind).create_by is CreateBy.PUT or new.unless is None:
            return self._read(new, patient)
        found = self._search.ours(kind, new.unless, patient, self._personality.kinds.get(kind))
        if not isinstance(found, Found):
            return found
        if len(found.resources) > 1 and patient:
            return Several(f"The chart holds {len(found.resources)} of one {kind}")
        chosen = min(found.resources, key=lambda each: str(each.get("id")), default=None)
        return Absent() if chosen is None else existing(chosen)

    def _before(self, main: New, rest: list[New], places: dict[str, str]) -> Outcome | None:
        """Create what does not refer to the first; returns what went wrong, if anything did."""
        for each in rest:
            if each.full_url in places or each in _after(main, rest):
                continue
            outcome = self._one(each, places)
            if not isinstance(outcome, Created | Existed):
                return outcome
            places[each.full_url] = outcome.reference
        return None

    def _one(self, new: New, places: dict[str, str]) -> Outcome:
        patient = patient_of(self._wire.base, new.resource)
        outcome = self.look(new, patient)
        return self._send(new, patient, places) if isinstance(outcome, Absent) else outcome

    def _after(
        self, main: New, rest: list[New], done: Created | Existed, places: dict[str, str]
    ) -> Outcome:
        """What refers to the first is worth having, but the first stands without it."""
        places[main.full_url] = done.reference
        for each in _after(main, rest):
            outcome: Outcome | None = self._is_there(each, done.reference)
            if isinstance(outcome, Absent):
                outcome = self._before(main, rest, places)
                outcome = outcome or self._send(each, "", places)
            if not isinstance(outcome, Created | Existed | Refused | Rejected):
                return Ambiguous("It is in the chart; what goes with it may not be")
        return done

    def _is_there(self, new: New, target: str) -> Outcome:
        kind = new.resource["resourceType"]
        if self._able(kind).create_by is CreateBy.PUT:
            return self._read(new, "")
        found = self._search.targets(target)
        if not isinstance(found, Found):
            return found
        same = [each for each in found.resources if _same_origin(each, new.resource)]
        return existing(same[0]) if same else Absent()

    def _send(self, new: New, patient: str, places: dict[str, str]) -> Outcome:
        kind = new.resource["resourceType"]
        resource = relinked(new.resource, places)
        expected = Expected(self._wire.base, kind, patient, new.unless if patient else None)
        if self._able(kind).create_by is CreateBy.PUT:
            return self._put(new, resource, expected)
        condition = {"If_None_Exist": identifier_query(new.unless)} if new.unless else {}
        answer = self._wire.send("POST", f"/{kind}", resource, Prefer=_WHOLE, **condition)
        return created(answer, expected)

    def _put(self, new: New, resource: Resource, expected: Expected) -> Outcome:
        """Create under our id; If-None-Match keeps what somebody put there meanwhile."""
        path = f"/{expected.kind}/{id_of(new)}"
        body = {**resource, "id": id_of(new)}
        answer = self._wire.send("PUT", path, body, Prefer=_WHOLE, If_None_Match="*")
        if answer.status == 412:
            return self._read(new, expected.patient)
        return created(answer, expected)

    def _read(self, new: New, patient: str) -> Outcome:
        kind = new.resource["resourceType"]
        answer = self._wire.send("GET", f"/{kind}/{id_of(new)}")
        if answer.status == 404:
            return Absent()
        if answer.status == 410:
            return Refused(f"Somebody deleted the {kind} in the chart")
        if answer.status != 200:
            return failure(answer)
        return stored(answer, Expected(self._wire.base, kind, patient, new.unless))

    def _able(self, kind: str) -> Abilities:
        return self._personality.kinds.get(kind, ABLE)


def patient_of(base: str, resource: Resource) -> str:
    """The id of the patient a resource is about, "" where it names none."""
    subject = resource.get("subject") or {}
    return local_id(base, subject.get("reference"), "Patient")


def id_of(new: New) -> str:
    """The id of our choice."""
    return new.full_url.removeprefix("urn:uuid:")


def existing(resource: Resource) -> Existed | Mismatched:
    """The outcome of having found a resource."""
    version = str((resource.get("meta") or {}).get("versionId") or "")
    if not resource.get("id"):
        return Mismatched(f"The EHR shows a {resource['resourceType']} without an id")
    return Existed(f"{resource['resourceType']}/{resource['id']}", version)


def _patient_in(new: New) -> bool:
    return "subject" in new.resource


def _after(main: New, rest: list[New]) -> list[New]:
    return [each for each in rest if refers_to(each.resource, main.full_url)]


def _same_origin(held: Resource, ours: Resource) -> bool:
    """A Provenance has no identifier: the instant at which it was recorded tells it."""
    return _instant(held.get("recorded")) == _instant(ours.get("recorded"))


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
