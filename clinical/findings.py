"""What a finding is, how its episodes sum up, and what people may decide about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FindingKind(StrEnum):
    """What was found; a person has at most one open finding of a kind."""

    ATRIAL_FIBRILLATION = "atrial-fibrillation"


class FindingState(StrEnum):
    """Where a finding stands. Only a person's decision changes it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"  # it was wrong
    UNREADABLE = "unreadable"  # nobody can tell from this signal
    RESOLVED = "resolved"


OPEN_STATES = (FindingState.OPEN, FindingState.ACKNOWLEDGED, FindingState.CONFIRMED)
"""While a finding is in one of these a new episode joins it; there is no second Flag."""


class Decision(StrEnum):
    """What a person can decide about a finding."""

    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    COMMENTED = "commented"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class NotAllowedNow(Exception):
    """The finding does not stand where this can be decided: read it again, then decide."""


AFTER = {
    Decision.ACKNOWLEDGED: FindingState.ACKNOWLEDGED,
    Decision.CONFIRMED: FindingState.CONFIRMED,
    Decision.REJECTED: FindingState.REJECTED,
    Decision.UNREADABLE: FindingState.UNREADABLE,
    Decision.RESOLVED: FindingState.RESOLVED,
    Decision.REOPENED: FindingState.OPEN,
}
"""The state that a decision leaves a finding in; a comment leaves it where it is."""

_FROM = {
    Decision.ACKNOWLEDGED: (FindingState.OPEN,),
    Decision.CONFIRMED: (FindingState.OPEN, FindingState.ACKNOWLEDGED),
    Decision.REJECTED: OPEN_STATES,
    Decision.UNREADABLE: OPEN_STATES,
    Decision.COMMENTED: tuple(FindingState),
    Decision.RESOLVED: OPEN_STATES,
    Decision.REOPENED: tuple(state for state in FindingState if state not in OPEN_STATES),
}


def allowed(state: FindingState) -> tuple[Decision, ...]:
    """Return what a person can decide about a finding that stands there."""
    return tuple(decision for decision in Decision if state in _FROM[decision])


def after(state: FindingState, decision: Decision) -> FindingState:
    """Return where a decision leaves a finding; raises NotAllowedNow."""
    if state not in _FROM[decision]:
        raise NotAllowedNow(f"{decision} cannot follow {state}")
    return AFTER.get(decision, state)


@dataclass(frozen=True, slots=True)
class Spell:
    """One episode as far as it is known; rates are ventricular, per minute.

    `end` is None while it goes on. `coverage` is the share of it held by usable RR intervals.
    """

    onset: datetime
    last_seen: datetime
    end: datetime | None
    mean_rate: float
    max_rate: float
    coverage: float

    @property
    def duration(self) -> timedelta:
        """How long it lasted, or has lasted so far."""
        return max((self.end or self.last_seen) - self.onset, timedelta(0))


@dataclass(frozen=True, slots=True)
class Summary:
    """All episodes of one finding together; `duration` is their sum, without the time between."""

    onset: datetime
    last_seen: datetime
    end: datetime | None
    duration: timedelta
    mean_rate: float
    max_rate: float
    coverage: float


def summarise(spells: Sequence[Spell]) -> Summary:
    """Sum up the episodes of a finding; means are weighted by duration.

    The finding has ended when its latest episode has: an older one whose end never came (the
    device fell silent) does not keep it going. Raises ValueError without episodes.
    """
    latest = max(spells, key=lambda spell: spell.onset)
    return Summary(
        onset=min(spell.onset for spell in spells),
        last_seen=max(spell.last_seen for spell in spells),
        end=latest.end,
        duration=sum((spell.duration for spell in spells), timedelta(0)),
        mean_rate=_weighted(spells, [spell.mean_rate for spell in spells]),
        max_rate=max(spell.max_rate for spell in spells),
        coverage=_weighted(spells, [spell.coverage for spell in spells]),
    )


def _weighted(spells: Sequence[Spell], values: Sequence[float]) -> float:
    weights = [max(spell.duration.total_seconds(), 1.0) for spell in spells]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
