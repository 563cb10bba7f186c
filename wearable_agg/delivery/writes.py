"""The writes: a finding with its evidence, a person's decision, a day's total.

Each can be sent, and each can be looked for afterwards; sending twice has the effect of once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wearable_agg.delivery.abilities import WORKLIST
from wearable_agg.delivery.chart import (
    Absent,
    Chart,
    Conflict,
    Existed,
    Identifier,
    New,
    Outcome,
    Refused,
    Resource,
    Several,
    Withheld,
)
from wearable_agg.delivery.duplicates import TAKEN_BACK, keep_one, only
from wearable_agg.delivery.marks import Mark, bears, decision_origin, marked, objection

TRIES = 3
"""How often a write is decided anew at once, when the resource keeps changing under it."""


_STANDING = ("final", "amended")
_GONE = "The total was taken back, and the chart holds none"


class Write(Protocol):
    """One effect to be had in a chart."""

    def send(self, chart: Chart) -> Outcome:
        """Bring the effect about."""
        ...

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the effect is there: Existed, Absent, or why that cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class FindingWrite:
    """A finding on its way into the chart: `new` has first what carries it, then what belongs."""

    new: tuple[New, ...]
    patient: str

    def send(self, chart: Chart) -> Outcome:
        """Create all of it unless it is there."""
        outcome = self._settled(chart, chart.create(self.new))
        if isinstance(outcome, Absent):  # it cannot be created, though there is none
            return Refused("The EHR holds several of something that goes with it")
        return outcome

    def verify(self, chart: Chart) -> Outcome:
        """Look for it, whatever people made of it since."""
        return self._settled(chart, chart.look(self.new))

    def _settled(self, chart: Chart, outcome: Outcome) -> Outcome:
        """Where an EHR let several through, one is kept."""
        main = self.new[0]
        if not isinstance(outcome, Several) or main.unless is None:
            return outcome
        return keep_one(chart, main.resource["resourceType"], main.unless, self.patient)


@dataclass(frozen=True, slots=True)
class WorklistWrite:
    """What no chart takes is on Wristchart's own work-list from the start."""

    finding: str

    def send(self, chart: Chart) -> Outcome:
        """It was put there in the transaction that made the finding, or the decision."""
        return Existed(f"{WORKLIST}/{self.finding}", "")

    def verify(self, chart: Chart) -> Outcome:
        """As send."""
        return self.send(chart)


@dataclass(frozen=True, slots=True)
class DecisionWrite:
    """A mark on the resource of type `kind` that carries a finding in the chart."""

    kind: str
    identifier: Identifier
    patient: str
    issuer: str
    mark: Mark

    def send(self, chart: Chart) -> Outcome:
        """Add the mark to it as it now is; nobody else's edit is overwritten."""
        outcome = self._send_once(chart)
        for _ in range(TRIES - 1):
            if not isinstance(outcome, Conflict):
                break
            outcome = self._send_once(chart)
        return outcome

    def verify(self, chart: Chart) -> Outcome:
        """Look whether it bears the mark."""
        held = only(chart, self.kind, self.identifier, self.patient)
        if not isinstance(held, Mapping):
            return held
        return _existing(held) if bears(held, self.mark) else Absent()

    def _send_once(self, chart: Chart) -> Outcome:
        held = only(chart, self.kind, self.identifier, self.patient)
        if isinstance(held, Absent):
            return Refused(f"The {self.kind.lower()} is not in the chart")
        if not isinstance(held, Mapping):
            return held
        if bears(held, self.mark):
            return _existing(held)
        if reason := objection(held, self.mark):
            return Refused(reason)
        origin = decision_origin(self.mark, f"{self.kind}/{held['id']}", self.issuer)
        changed = marked(held, self.mark, self.issuer)
        return _update(chart, changed, New(origin, f"urn:uuid:{self.mark.id}"))


@dataclass(frozen=True, slots=True)
class DayWrite:
    """A day's total; `known` says that an Observation for it has been in the chart before.

    `left_at` is the version at which we left it there, "" where there is none: what we took back
    ourselves, and nobody touched since, stands again when the total does.
    """

    identifier: Identifier
    patient: str
    observation: Resource
    full_url: str
    known: bool
    left_at: str = ""

    def send(self, chart: Chart) -> Outcome:
        """Create the Observation, or amend the one that is there."""
        if self.known:
            return self._amend(chart)
        outcome = chart.create([New(self.observation, self.full_url, self.identifier)])
        return self._amend(chart) if isinstance(outcome, Existed) else outcome

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the chart holds this total."""
        current = only(chart, "Observation", self.identifier, self.patient)
        if not isinstance(current, Mapping):
            return current
        return _existing(current) if self._stands(current) else Absent()

    def _amend(self, chart: Chart) -> Outcome:
        current = only(chart, "Observation", self.identifier, self.patient)
        if isinstance(current, Absent):
            return Refused("The observation has been taken out of the chart")
        if not isinstance(current, Mapping):
            return current
        if self._stands(current):
            return _existing(current)
        if current.get("status") not in _STANDING and not self._was_taken_back(current):
            return Refused(f"The observation is {current.get('status')} in the chart")
        value = self.observation["valueQuantity"]
        period = self.observation["effectivePeriod"]
        amended = {"status": "amended", "valueQuantity": value, "effectivePeriod": period}
        return _update(chart, {**current, **amended})

    def _stands(self, current: Resource) -> bool:
        value = current.get("valueQuantity", {}).get("value")
        same = bool(value == self.observation["valueQuantity"]["value"])
        return same and not self._was_taken_back(current)

    def _was_taken_back(self, current: Resource) -> bool:
        ours = bool(self.left_at) and _version(current) == self.left_at
        return ours and current.get("status") == TAKEN_BACK


@dataclass(frozen=True, slots=True)
class DayGone:
    """A day's total that the wearable's maker took back after it was on its way."""

    identifier: Identifier
    patient: str

    def send(self, chart: Chart) -> Outcome:
        """Mark the Observation entered-in-error; a person's own word on it is left alone."""
        current = only(chart, "Observation", self.identifier, self.patient)
        if isinstance(current, Absent):
            return Withheld(_GONE)
        if not isinstance(current, Mapping):
            return current
        if current.get("status") == TAKEN_BACK:
            return _existing(current)
        if current.get("status") not in _STANDING:
            return Refused(f"The observation is {current.get('status')} in the chart")
        return _update(chart, {**current, "status": TAKEN_BACK})

    def verify(self, chart: Chart) -> Outcome:
        """Look whether the chart holds a total still."""
        current = only(chart, "Observation", self.identifier, self.patient)
        if isinstance(current, Absent):
            return Withheld(_GONE)
        if not isinstance(current, Mapping):
            return current
        return _existing(current) if current.get("status") == TAKEN_BACK else Absent()


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
