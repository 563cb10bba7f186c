"""The three writes: a Flag with its evidence, an acknowledgement, a day's total.

Each can be sent, and each can be looked for afterwards; sending twice has the effect of once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wearable_agg.delivery.chart import (
    Absent,
    Chart,
    Conflict,
    Existed,
    Failure,
    Found,
    Identifier,
    New,
    Outcome,
    Refused,
    Resource,
    Several,
)
from wearable_agg.delivery.marks import Acknowledgement, acknowledged, bears, decision_origin

TRIES = 3
"""How often a write is decided anew at once, when the resource keeps changing under it."""


class Write(Protocol):
    """One effect to be had in a chart."""

    def send(self, chart: Chart) -> Outcome:
        """Bring the effect about."""
        ...

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the effect is there: Existed, Absent, or why that cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class FlagWrite:
    """A Flag, named by `identifier`, and what belongs to it; `new` has the Flag first."""

    identifier: Identifier
    patient: str
    new: tuple[New, ...]

    def send(self, chart: Chart) -> Outcome:
        """Create all of it unless the Flag is there."""
        return chart.create(self.new)

    def verify(self, chart: Chart) -> Outcome:
        """Look for the Flag, whatever people made of it since."""
        current = _only(chart, "Flag", self.identifier, self.patient)
        return _existing(current) if isinstance(current, Mapping) else current


@dataclass(frozen=True, slots=True)
class AcknowledgementWrite:
    """A mark on a Flag that is there already."""

    identifier: Identifier
    patient: str
    issuer: str
    mark: Acknowledgement

    def send(self, chart: Chart) -> Outcome:
        """Add the mark to the Flag as it now is; nobody else's edit is overwritten."""
        outcome = self._send_once(chart)
        for _ in range(TRIES - 1):
            if not isinstance(outcome, Conflict):
                break
            outcome = self._send_once(chart)
        return outcome

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the Flag bears the mark."""
        flag = _only(chart, "Flag", self.identifier, self.patient)
        if not isinstance(flag, Mapping):
            return flag
        return _existing(flag) if bears(flag, self.mark) else Absent()

    def _send_once(self, chart: Chart) -> Outcome:
        flag = _only(chart, "Flag", self.identifier, self.patient)
        if isinstance(flag, Absent):
            return Refused("The flag is not in the chart")
        if not isinstance(flag, Mapping):
            return flag
        if bears(flag, self.mark):
            return _existing(flag)
        if flag.get("status") != "active":
            return Refused(f"The flag is {flag.get('status')} in the chart")
        origin = decision_origin(self.mark, f"Flag/{flag['id']}", self.issuer)
        changed = acknowledged(flag, self.mark, self.issuer)
        return _update(chart, changed, New(origin, f"urn:uuid:{self.mark.id}"))


@dataclass(frozen=True, slots=True)
class DayWrite:
    """A day's total; `known` says that an Observation for it has been in the chart before."""

    identifier: Identifier
    patient: str
    observation: Resource
    full_url: str
    known: bool

    def send(self, chart: Chart) -> Outcome:
        """Create the Observation, or amend the one that is there."""
        if self.known:
            return self._amend(chart)
        outcome = chart.create([New(self.observation, self.full_url, self.identifier)])
        return self._amend(chart) if isinstance(outcome, Existed) else outcome

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the chart holds this total."""
        current = _only(chart, "Observation", self.identifier, self.patient)
        if not isinstance(current, Mapping):
            return current
        return _existing(current) if self._says_the_same(current) else Absent()

    def _amend(self, chart: Chart) -> Outcome:
        current = _only(chart, "Observation", self.identifier, self.patient)
        if isinstance(current, Absent):
            return Refused("The observation has been taken out of the chart")
        if not isinstance(current, Mapping):
            return current
        if self._says_the_same(current):
            return _existing(current)
        if current.get("status") not in ("final", "amended"):
            return Refused(f"The observation is {current.get('status')} in the chart")
        value = self.observation["valueQuantity"]
        period = self.observation["effectivePeriod"]
        amended = {"status": "amended", "valueQuantity": value, "effectivePeriod": period}
        return _update(chart, {**current, **amended})

    def _says_the_same(self, current: Resource) -> bool:
        value = current.get("valueQuantity", {}).get("value")
        return bool(value == self.observation["valueQuantity"]["value"])


def _only(
    chart: Chart, resource_type: str, identifier: Identifier, patient: str
) -> Resource | Absent | Failure:
    found = chart.find(resource_type, identifier, patient)
    if not isinstance(found, Found):
        return found
    if len(found.resources) > 1:
        return Several(f"The chart holds {len(found.resources)} of one {resource_type}")
    return found.resources[0] if found.resources else Absent()


def _update(chart: Chart, changed: Resource, *also: New) -> Outcome:
    version = _version(changed)
    if not version:
        return Refused("The chart gives it no version, so a change could overwrite somebody's")
    return chart.update(changed, version, also)


def _existing(resource: Resource) -> Existed:
    return Existed(f"{resource['resourceType']}/{resource['id']}", _version(resource))


def _version(resource: Resource) -> str:
    meta: Mapping[str, Any] = resource.get("meta") or {}
    return str(meta.get("versionId") or "")
