"""Whether a possible atrial fibrillation is written into the chart now, by the site's rules.

A pure decision: `decide` is asked again in the step that sends, with the facts of that moment. A
finding that is held is not lost, it stands on the page. What a fact is not known to be is neither
assumed nor a reason to hold: the verdict says that it was not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache

from clinical.medications import Code
from clinical.verdicts import Signal
from config.clinical import load


class Hold(StrEnum):
    """Why a finding is not sent; the value is a key, `WHY` has the sentence."""

    UNDER_AGE = "under-age"
    KNOWN = "known-fibrillation"
    PULSE_ONLY = "pulse-only"
    TOO_SHORT = "too-short"
    TOO_LITTLE_ANALYSED = "too-little-analysed"
    COOLDOWN = "cooldown"
    PATIENT_BUDGET = "patient-budget"
    TENANT_BUDGET = "tenant-budget"


WHY = {
    Hold.UNDER_AGE: "the patient is younger than the detector is meant for",
    Hold.KNOWN: "atrial fibrillation is on the problem list already",
    Hold.PULSE_ONLY: "it rests on a pulse recording alone, without an ECG",
    Hold.TOO_SHORT: "the episode is shorter than the minimum duration",
    Hold.TOO_LITTLE_ANALYSED: "too little of the episode could be analysed",
    Hold.COOLDOWN: "there was news of this finding a short while ago",
    Hold.PATIENT_BUDGET: "this patient's budget of news is used up",
    Hold.TENANT_BUDGET: "the hospital's budget of news is used up",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of config/clinical/alerting.toml, where each has its source."""

    youngest: int
    minimum_duration: timedelta
    minimum_analysable: timedelta
    minimum_share: float
    cooldown: timedelta
    cluster_gap: timedelta
    window: timedelta
    per_patient: int
    per_tenant: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chart says of the patient; None stands for "not known", not for "no".

    `problems` are the codes of problems that are present.
    """

    birth_date: date | None = None
    problems: tuple[Code, ...] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The finding as it would be written now.

    `duration` is that of its longest episode, `analysable` how much of that could be analysed
    (None where the decider does not say). `settles` is True where a person decided something
    about it, which is always sent.
    """

    signal: Signal
    duration: timedelta
    analysable: timedelta | None
    settles: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What has been sent before: the last news of this finding, and when others were in the window.

    `patient` and `tenant` are the instants at which news were sent, of this patient and of all.
    """

    last: datetime | None = None
    patient: tuple[datetime, ...] = ()
    tenant: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Send, or hold with the reasons; `unknown` names the facts that were not known.

    `again` is when to ask anew at the latest: None where only a change of the facts or of the
    finding can change the answer.
    """

    send: bool
    reasons: tuple[Hold, ...] = ()
    unknown: tuple[str, ...] = ()
    again: datetime | None = None

    @property
    def why(self) -> str:
        """The reasons as a sentence, empty where it is sent."""
        return "; ".join(WHY[reason] for reason in self.reasons)


@cache
def configured() -> Rules:
    """Return the rules of this installation."""
    table = load("alerting")
    person, episode, pace, budget = (
        {name: entry["value"] for name, entry in table[part].items()}
        for part in ("person", "episode", "pace", "budget")
    )
    return Rules(
        youngest=int(person["youngest"]),
        minimum_duration=timedelta(seconds=episode["minimum_duration"]),
        minimum_analysable=timedelta(seconds=episode["minimum_analysable"]),
        minimum_share=float(episode["minimum_share"]),
        cooldown=timedelta(seconds=pace["cooldown"]),
        cluster_gap=timedelta(seconds=pace["cluster_gap"]),
        window=timedelta(seconds=budget["window"]),
        per_patient=int(budget["per_patient"]),
        per_tenant=int(budget["per_tenant"]),
    )


def decide(
    candidate: Candidate, facts: Facts, sent: Sent, now: datetime, rules: Rules | None = None
) -> Verdict:
    """Decide about a finding at `now`, by the configured rules where none are given."""
    rules = rules or configured()
    unknown = _unknown(facts)
    if candidate.settles:
        return Verdict(True, unknown=unknown)
    lasting = [*_of_person(facts, now.date(), rules), *_of_episode(candidate, rules)]
    passing = _of_pace(sent, now, rules)
    reasons = (*lasting, *(reason for reason, _ in passing))
    again = None if lasting or not passing else max(until for _, until in passing)
    return Verdict(not reasons, reasons, unknown, again)


def same_cluster(earlier_end: datetime, onset: datetime, rules: Rules | None = None) -> bool:
    """Whether an episode that begins at `onset` is one cluster with one that ended before."""
    return onset - earlier_end <= (rules or configured()).cluster_gap


def age(birth_date: date, on: date) -> int:
    """Return whole years; who is born on 29 February has a birthday on 1 March in other years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def has_known_fibrillation(problems: Iterable[Code]) -> bool:
    """Whether a problem is in the value set of config/clinical/known_fibrillation.toml."""
    table = load("known_fibrillation")
    codes = {(entry["system"], entry["code"]) for entry in table["code"]}
    prefixes = [(entry["system"], entry["code"]) for entry in table["prefix"]]
    return any(
        (problem.system, problem.code) in codes
        or any(problem.system == s and _below(problem.code, c) for s, c in prefixes)
        for problem in problems
    )


def _below(code: str, category: str) -> bool:
    plain = code.replace(".", "").upper()
    return plain.startswith(category)


def _unknown(facts: Facts) -> tuple[str, ...]:
    parts = {"birth date": facts.birth_date, "problem list": facts.problems}
    return tuple(name for name, fact in parts.items() if fact is None)


def _of_person(facts: Facts, today: date, rules: Rules) -> list[Hold]:
    held = []
    if facts.birth_date is not None and age(facts.birth_date, today) < rules.youngest:
        held.append(Hold.UNDER_AGE)
    if facts.problems is not None and has_known_fibrillation(facts.problems):
        held.append(Hold.KNOWN)
    return held


def _of_episode(candidate: Candidate, rules: Rules) -> list[Hold]:
    held = []
    if candidate.signal is Signal.PPG:
        held.append(Hold.PULSE_ONLY)
    if candidate.duration < rules.minimum_duration:
        held.append(Hold.TOO_SHORT)
    analysable = candidate.analysable
    if analysable is not None and (
        analysable < rules.minimum_analysable
        or analysable < rules.minimum_share * candidate.duration
    ):
        held.append(Hold.TOO_LITTLE_ANALYSED)
    return held


def _of_pace(sent: Sent, now: datetime, rules: Rules) -> list[tuple[Hold, datetime]]:
    """Return what only time resolves, each with when it does."""
    held = []
    if sent.last is not None and now < sent.last + rules.cooldown:
        held.append((Hold.COOLDOWN, sent.last + rules.cooldown))
    for reason, instants, budget in (
        (Hold.PATIENT_BUDGET, sent.patient, rules.per_patient),
        (Hold.TENANT_BUDGET, sent.tenant, rules.per_tenant),
    ):
        until = _free_again(instants, budget, now, rules.window)
        if until is not None:
            held.append((reason, until))
    return held


def _free_again(
    instants: Sequence[datetime], budget: int, now: datetime, window: timedelta
) -> datetime | None:
    recent = sorted(instant for instant in instants if instant > now - window)
    return None if len(recent) < budget else recent[len(recent) - budget] + window
