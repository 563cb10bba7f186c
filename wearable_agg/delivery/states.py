"""The life of one write to a chart: which state follows which answer. Pure; the clock is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from wearable_agg.delivery.chart import (
    Absent,
    Ambiguous,
    Conflict,
    Created,
    Existed,
    Held,
    Mismatched,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Several,
    Throttled,
    Updated,
    Withheld,
)


class Lane(IntEnum):
    """Order is kept within a lane; a finding never waits behind a day's total that is stuck."""

    FINDING = 0
    UPLOAD = 1


class Kind(StrEnum):
    """What a row writes."""

    FLAG = "flag"
    DECISION = "decision"
    DAY = "day"


LANES = {Kind.FLAG: Lane.FINDING, Kind.DECISION: Lane.FINDING, Kind.DAY: Lane.UPLOAD}


class State(StrEnum):
    """Where a write stands."""

    PENDING = "pending"
    INFLIGHT = "inflight"
    RETRY = "retry"
    UNKNOWN = "unknown"
    DONE = "done"
    UNSENT = "unsent"
    PARKED = "parked"
    DEAD = "dead"


SETTLED = (State.DONE, State.UNSENT, State.PARKED, State.DEAD)
"""States that delivery leaves alone: done, kept out of the chart, or waiting for a person."""

HELD = "Held by the clinical rules: "
"""How the reason of a write begins that the rules hold back."""

ASKED_AGAIN = timedelta(hours=6)
"""When the rules are asked again about a finding that did not change."""

REJECTIONS = 3
"""Server errors that name a fault of the resource, after which sending it again is given up."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long delivery waits.

    `lease` must exceed the time one attempt can take over HTTP; `quarantine` the longest time the
    EHR may still work on a request whose answer was lost. After `horizon` a write is given up,
    kept, and shown.
    """

    quarantine: timedelta = timedelta(seconds=120)
    lease: timedelta = timedelta(seconds=90)
    horizon: timedelta = timedelta(hours=96)
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(minutes=15)

    def pause(self, attempts: int, jitter: float) -> timedelta:
        """Return the pause after so many attempts: doubling, between half and the whole of it."""
        doubled = self.first_pause * (1 << min(max(attempts - 1, 0), 20))
        return min(doubled, self.longest_pause) * (0.5 + jitter / 2)

    def asked(self, seconds: float | None) -> timedelta:
        """Return the pause that an EHR asked for, within reason."""
        longest = self.longest_pause.total_seconds()
        return timedelta(seconds=min(max(seconds or 0.0, 0.0), longest))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the next state depends on, besides the answer. `jitter` is between 0 and 1."""

    attempts: int
    rejections: int
    queued_at: datetime
    now: datetime
    jitter: float
    verifying: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state after an answer; `next_at` is when delivery takes the write up again.

    `alarm` calls for a person at once. An answer that does not count was no attempt.
    """

    state: State
    reason: str
    next_at: datetime
    rejections: int
    reference: str = ""
    version: str = ""
    alarm: bool = False
    counts: bool = True

    @property
    def kept_back(self) -> bool:
        """Whether it was not sent for what is known of the finding."""
        return self.state is State.UNSENT or self.reason.startswith(HELD)


def judge(outcome: Outcome, attempt: Attempt, policy: Policy) -> Verdict:
    """Return what follows from the chart's answer."""
    verdict = _judge(outcome, attempt, policy)
    overdue = verdict.next_at - attempt.queued_at > policy.horizon
    if verdict.state in SETTLED or not overdue or isinstance(outcome, Held):
        return verdict
    hours = int(policy.horizon / timedelta(hours=1))
    return replace(
        verdict, state=State.DEAD, reason=f"Given up after {hours} hours. {verdict.reason}"
    )


def _judge(outcome: Outcome, attempt: Attempt, policy: Policy) -> Verdict:
    def enter(state: State, reason: str, pause: timedelta = timedelta(0)) -> Verdict:
        return Verdict(state, reason, attempt.now + pause, attempt.rejections)

    pause = policy.pause(attempt.attempts, attempt.jitter)
    # a look that failed leaves it open whether the write is there, so it must not be sent again
    again = State.UNKNOWN if attempt.verifying else State.RETRY
    match outcome:
        case Created() | Existed() | Updated():
            done = enter(State.DONE, "")
            return replace(done, reference=outcome.reference, version=outcome.version)
        case Absent():
            return enter(State.PENDING, "Looked for in the chart and not found")
        case Ambiguous(reason, rejected):
            rejections = attempt.rejections + rejected
            state = State.DEAD if rejections >= REJECTIONS else State.UNKNOWN
            return replace(enter(state, reason, policy.quarantine), rejections=rejections)
        case Throttled(reason, after):
            # the EHR is in reach: that it was away for long before is no reason to wait longer
            shortest = policy.pause(1, attempt.jitter)
            later = enter(again, reason, max(shortest, policy.asked(after)))
            return replace(later, counts=False)
        case NotSent(reason) | Conflict(reason):
            return enter(again, reason, pause)
        case Held(reason, until):
            held = enter(State.RETRY, f"{HELD}{reason}")
            next_at = until or attempt.now + ASKED_AGAIN
            return replace(held, next_at=next_at, counts=False)
        case Withheld(reason):
            return enter(State.UNSENT, reason)
        case Several(reason) | Refused(reason):
            return enter(State.PARKED, reason)
        case Mismatched(reason):
            return replace(enter(State.PARKED, reason), alarm=True)
        case Rejected(reason):
            return enter(State.DEAD, reason)
