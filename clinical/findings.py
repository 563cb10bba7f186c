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
    """Where a finding stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"


OPEN_STATES = (FindingState.OPEN, FindingState.ACKNOWLEDGED)
"""While a finding is in one of these a new episode joins it; there is no second Flag."""


class Decision(StrEnum):
    """What a person can decide about a finding."""

    ACKNOWLEDGED = "acknowledged"


AFTER = {Decision.ACKNOWLEDGED: FindingState.ACKNOWLEDGED}
"""The state that a decision leaves a finding in."""


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
