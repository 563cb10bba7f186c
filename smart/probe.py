"""Trying out what an EHR does with writes: in a test system only, for it leaves traces.

Each kind of resource is created twice with one identifier, by eight at once, changed with a stale
version, found again, and marked entered-in-error at the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from safeguards.egress import Egress
from smart.backend_services import BackendToken
from smart.chart_answers import bears
from smart.chart_reply import Answer
from smart.chart_search import Search, identifier_query
from smart.chart_wire import Stopped, Wire
from smart.probe_samples import SAMPLES, device, origin
from wearable_agg.delivery.abilities import LADDER, Abilities, CreateBy, Personality
from wearable_agg.delivery.chart import Found, Identifier, NotSent, Resource

SYSTEM = "https://wristchart.org/fhir/sid/probe"
AT_ONCE = 8
STRUCK = "entered-in-error"
_WHOLE = "return=representation"


class ProbeFailed(Exception):
    """Nothing can be said of the EHR; the message says why."""


class Probe:
    """Tries out one EHR about one patient of its test system; `say` is told each step."""

    def __init__(
        self,
        base: str,
        egress: Egress,
        access: BackendToken,
        patient: str,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._wire = Wire(base, egress, access)
        self._search = Search(self._wire)
        self._patient = patient
        self._say = say
        self._made: dict[str, Resource] = {}

    def run(self) -> Personality:
        """Return what was seen. Raises ProbeFailed where the EHR cannot be asked at all."""
        try:
            with ThreadPoolExecutor(AT_ONCE) as self._pool:
                kinds = dict(self._ladder())
                if kinds:
                    kinds |= dict(self._with_it(next(iter(kinds.values()))))
                return Personality(kinds)
        except Stopped as stop:
            raise ProbeFailed(stop.failure.reason) from stop
        finally:
            self._clean_up()

    def _ladder(self) -> Iterator[tuple[str, Abilities]]:
        for kind in LADDER:
            if not self._granted(kind):
                self._say(f"{kind}: not granted")
                continue
            seen = self._kind(kind)
            self._say(f"{kind}: {_words(seen)}")
            if seen is not None:
                yield kind, seen

    def _granted(self, kind: str) -> bool:
        try:
            for letter in ("c", "s"):
                self._wire.demand(kind, letter)
        except Stopped as stop:
            if isinstance(stop.failure, NotSent):
                raise
            return False
        return True

    def _kind(self, kind: str) -> Abilities | None:
        name = _name()
        first = self._create(kind, name)
        puts = self._puts(kind)
        if first is None and not puts:
            return None
        held = first or next(each for each in self._made.values() if _is(each, kind))
        name = name if first else _name_of(held)
        condition = first is not None and self._honours_condition(kind, name, first)
        winners = self._race(kind, _post_one) if condition else AT_ONCE
        together = self._race(kind, _transact_one)
        etag, update = self._updates(kind, held)
        create_by = _best(together, puts, condition)
        return Abilities(
            can_create=True,
            stores_identifier=_holds(self._read(held), name),
            searchable_by=self._searchable(kind, name, str(held["id"])),
            atomic=_is_atomic(create_by, together, winners),
            update=update,
            etag=etag,
            create_by=create_by,
        )

    def _with_it(self, main: Abilities) -> Iterator[tuple[str, Abilities]]:
        """Device and Provenance go with others: whether they can be created and found."""
        about = next(iter(self._made.values()), None)
        name = _name()
        for kind, sample in (("Device", device(name)), ("Provenance", origin(about))):
            if about is None or not self._granted(kind):
                continue
            made = self._keep(self._send("POST", f"/{kind}", sample))
            if made is None:
                continue
            found = kind == "Provenance" or self._searchable(kind, name, str(made["id"]))
            self._say(f"{kind}: {'created' if found else 'cannot be found again'}")
            if found:
                yield kind, replace(main, searchable_by="identifier", stores_identifier=True)

    def _create(self, kind: str, name: Identifier) -> Resource | None:
        return self._keep(self._send("POST", f"/{kind}", self._sample(kind, name), name))

    def _puts(self, kind: str) -> bool:
        """Whether an id of our choice is taken, once."""
        name = _name()
        body = {**self._sample(kind, name), "id": name.value}
        path = f"/{kind}/{name.value}"
        answer = self._wire.send("PUT", path, body, Prefer=_WHOLE, If_None_Match="*")
        made = self._keep(answer)
        return made is not None and made.get("id") == name.value

    def _honours_condition(self, kind: str, name: Identifier, first: Resource) -> bool:
        again = self._create(kind, name)
        return again is not None and again.get("id") == first.get("id")

    def _race(self, kind: str, send: Callable[[Probe, str, Identifier], Answer]) -> int:
        """Create one thing by eight at once; returns how many came of it, 0 where none."""
        name = _name()
        answers = list(self._pool.map(lambda _: send(self, kind, name), range(AT_ONCE)))
        made = [self._keep(answer) for answer in answers]
        return len({each["id"] for each in made if each is not None})

    def _searchable(self, kind: str, name: Identifier, identifier: str) -> str:
        path = f"/{kind}?{identifier_query(name)}"
        answer = self._wire.send("GET", path)
        entries = (answer.resource or {}).get("entry") or []
        shown = [entry.get("resource") or {} for entry in entries]
        exact = all(bears(each, name) for each in shown)
        if answer.status == 200 and exact and identifier in {each.get("id") for each in shown}:
            return "identifier"
        if kind not in LADDER:
            return ""
        found = self._search.of_patient(kind, self._patient)
        held = found.resources if isinstance(found, Found) else ()
        return "patient" if identifier in {each.get("id") for each in held} else ""

    def _updates(self, kind: str, held: Resource) -> tuple[bool, bool]:
        """Whether a stale version is refused, and whether a change is possible at all."""
        current = self._read(held)
        tag = _tag(current)
        if current is None or not tag:
            return False, False
        path = f"/{kind}/{current['id']}"
        changed = self._wire.send("PUT", path, current, If_Match=tag, Prefer=_WHOLE)
        if self._keep(changed) is None:
            return False, False
        stale = self._wire.send("PUT", path, current, If_Match=tag, Prefer=_WHOLE)
        return stale.status in (409, 412, 428), True

    def _read(self, held: Resource) -> Resource | None:
        answer = self._wire.send("GET", f"/{held['resourceType']}/{held['id']}")
        return answer.resource if answer.status == 200 else None

    def _send(
        self, method: str, path: str, body: Resource, name: Identifier | None = None
    ) -> Answer:
        condition = {"If_None_Exist": identifier_query(name)} if name else {}
        return self._wire.send(method, path, body, Prefer=_WHOLE, **condition)

    def _sample(self, kind: str, name: Identifier) -> dict[str, Any]:
        return SAMPLES[kind](name, f"Patient/{self._patient}", datetime.now(UTC))

    def _keep(self, answer: Answer) -> Resource | None:
        """Remember what an answer says was made; None where it says nothing of the kind."""
        resource = _shown(answer)
        if resource is None and answer.status in (200, 201):
            resource = self._located(answer)
        if resource is not None:
            self._made[f"{resource['resourceType']}/{resource['id']}"] = resource
        return resource

    def _located(self, answer: Answer) -> Resource | None:
        """What a server made that answers with its address only (Oracle Health)."""
        place = answer.headers.get("location", "").partition("/_history/")[0]
        kind, _, identifier = place.removeprefix(self._wire.base + "/").partition("/")
        if not kind or not identifier:
            return None
        read = self._wire.send("GET", f"/{kind}/{identifier}")
        return read.resource if read.status == 200 else None

    def _clean_up(self) -> None:
        """Mark everything as an error, as far as the EHR lets us."""
        for resource in list(self._made.values()):
            if resource["resourceType"] not in LADDER:
                continue
            try:
                current = self._read(resource)
                if current is None or not _tag(current):
                    continue
                struck = {**current, "status": STRUCK}
                path = f"/{current['resourceType']}/{current['id']}"
                self._wire.send("PUT", path, struck, If_Match=_tag(current))
            except Stopped as stop:
                self._say(f"not cleaned up: {stop.failure.reason}")


def _post_one(probe: Probe, kind: str, name: Identifier) -> Answer:
    return probe._send("POST", f"/{kind}", probe._sample(kind, name), name)


def _transact_one(probe: Probe, kind: str, name: Identifier) -> Answer:
    request = {"method": "POST", "url": kind, "ifNoneExist": identifier_query(name)}
    entry = {
        "fullUrl": uuid.uuid4().urn,
        "resource": probe._sample(kind, name),
        "request": request,
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return probe._send("POST", "", bundle)


def _shown(answer: Answer) -> Resource | None:
    """The resource in an answer, or in that of the one entry of a transaction."""
    resource = answer.resource if answer.status in (200, 201) else None
    if resource is not None and resource.get("resourceType") == "Bundle":
        entries = resource.get("entry") or [{}]
        resource = entries[0].get("resource")
    if resource is None or not resource.get("id"):
        return None
    return resource


def _best(together: int, puts: bool, condition: bool) -> CreateBy:
    """Prefer what was seen to be safe against parallel requests, then what is all or nothing."""
    if together == 1:
        return CreateBy.TRANSACTION
    if puts:
        return CreateBy.PUT
    if together:
        return CreateBy.TRANSACTION
    return CreateBy.CONDITION if condition else CreateBy.SEARCH


def _is_atomic(create_by: CreateBy, together: int, winners: int) -> bool:
    match create_by:
        case CreateBy.TRANSACTION:
            return together == 1
        case CreateBy.PUT:
            return True
        case CreateBy.CONDITION:
            return winners == 1
        case CreateBy.SEARCH:
            return False


def _words(seen: Abilities | None) -> str:
    if seen is None:
        return "cannot be created"
    safe = "safe against parallel requests" if seen.atomic else "not safe against parallel requests"
    found = f"found by {seen.searchable_by}" if seen.searchable_by else "cannot be found again"
    change = "changed by version" if seen.changeable else "cannot be changed safely"
    return f"created by {seen.create_by} ({safe}), {found}, {change}"


def _holds(resource: Resource | None, name: Identifier) -> bool:
    held = (resource or {}).get("identifier")
    return bool(held) and bears({"identifier": held}, name)


def _is(resource: Resource, kind: str) -> bool:
    return bool(resource.get("resourceType") == kind)


def _tag(resource: Resource | None) -> str:
    version = ((resource or {}).get("meta") or {}).get("versionId")
    return f'W/"{version}"' if version else ""


def _name() -> Identifier:
    return Identifier(SYSTEM, str(uuid.uuid4()))


def _name_of(resource: Resource) -> Identifier:
    return Identifier(SYSTEM, str(resource["id"]))
