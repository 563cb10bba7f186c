"""An EHR on paper: a Chart in memory, with versions, people who write in it, and bad days."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.chart import (
    Absent,
    Ambiguous,
    Chart,
    Conflict,
    Created,
    Existed,
    Failure,
    Found,
    Identifier,
    New,
    NotSent,
    Outcome,
    Resource,
    Updated,
)


class PaperChart(Chart):
    """Takes what delivery writes; `before_update` lets somebody else write just before.

    `writes` and `changes` are the patients about whom something was created and changed. `down`:
    nothing arrives. `lose`: the next so many writes are done, but their answers are lost.
    """

    def __init__(self) -> None:
        self.personality = Personality()
        self.held_now: dict[str, dict[str, Any]] = {}
        self.down = False
        self.lose = 0
        self.writes: list[str] = []
        self.changes: list[str] = []
        self.before_update: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._named: dict[tuple[str, str, str], list[str]] = {}

    def create(self, new: Sequence[New]) -> Outcome:
        if self.down:
            return NotSent("down")
        found = self.look(new)
        if not isinstance(found, Absent):
            return found
        for each in new:
            self._put(dict(each.resource))
        main = new[0].resource
        self.writes.append(main["subject"]["reference"])
        return self._answer(self.look(new), Created)

    def look(self, new: Sequence[New]) -> Outcome:
        if self.down:
            return NotSent("down")
        name, kind = new[0].unless, new[0].resource["resourceType"]
        assert name is not None
        same = self._bearing(kind, name)
        return _existing(same[0]) if same else Absent()

    def find(self, resource_type: str, identifier: Identifier, patient: str) -> Found | Failure:
        if self.down:
            return NotSent("down")
        return Found(tuple(copy.deepcopy(self._bearing(resource_type, identifier))))

    def held(self, resource_type: str, patient: str) -> Found | Failure:
        if self.down:
            return NotSent("down")
        about = f"Patient/{patient}"
        theirs = (e for e in self.of_type(resource_type) if e["subject"]["reference"] == about)
        return Found(tuple(copy.deepcopy(list(theirs))))

    def is_deleted(self, reference: str) -> bool:
        return False

    def update(self, resource: Resource, version: str, also: Sequence[New] = ()) -> Outcome:
        if self.down:
            return NotSent("down")
        self.before_update()
        current = self.held_now[str(resource["id"])]
        if current["meta"]["versionId"] != version:
            return Conflict("changed since it was read")
        self.write(dict(resource))
        return self._answer(_existing(self.held_now[str(resource["id"])]), Updated)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """What it holds of a type."""
        return [each for each in self.held_now.values() if each["resourceType"] == kind]

    def write(self, resource: dict[str, Any]) -> None:
        """Write the next version of what is there."""
        version = int(self.held_now[resource["id"]]["meta"]["versionId"]) + 1
        meta = {**resource.get("meta", {}), "versionId": str(version)}
        self.held_now[resource["id"]] = {**resource, "meta": meta}

    def _put(self, resource: dict[str, Any]) -> None:
        identifier = str(next(self._numbers))
        meta = {**resource.get("meta", {}), "versionId": "1", "lastUpdated": identifier.zfill(9)}
        self.held_now[identifier] = {**resource, "id": identifier, "meta": meta}
        for name in resource.get("identifier", []):
            key = (resource["resourceType"], name["system"], name["value"])
            self._named.setdefault(key, []).append(identifier)

    def _bearing(self, kind: str, name: Identifier) -> list[dict[str, Any]]:
        known = self._named.get((kind, name.system, name.value), [])
        return [each for each in map(self.held_now.get, known) if each and _bears(each, name)]

    def _answer(self, done: Outcome, kind: type[Created] | type[Updated]) -> Outcome:
        if self.lose:
            self.lose -= 1
            return Ambiguous("the answer was lost")
        return kind(done.reference, done.version) if isinstance(done, Existed) else done


def _bears(resource: dict[str, Any], name: Identifier) -> bool:
    listed = resource.get("identifier", [])
    return any((e["system"], e["value"]) == (name.system, name.value) for e in listed)


def _existing(resource: dict[str, Any]) -> Existed:
    reference = f"{resource['resourceType']}/{resource['id']}"
    return Existed(reference, resource["meta"]["versionId"])
