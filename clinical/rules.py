"""Whether a possible atrial fibrillation is written into the chart now, by the site's rules.

A pure decision: `decide` is asked again in the step that sends, with the facts of that moment. A
finding that is held is not lost, it stands on the page. What a fact is not known to be is neither
assumed nor a reason to hold: the verdict says that it was not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from clinical.medications import Code
from clinical.verdicts import Ground
from config.clinical import load


class Hold(StrEnum):
    """Why a finding is not sent; the value is a key, `WHY` has the sentence."""

    UNDER_AGE = "under-age"
    KNOWN = "known-fibrillation"
    PULSE_ONLY = "pulse-only"
    BEATS_ONLY = "beats-only"
    OUTWEIGHED = "outweighed"
    TOO_SHORT = "too-short"
    TOO_LITTLE_ANALYSED = "too-little-analysed"
    SAME_CLUSTER = "same-cluster"
    COOLDOWN = "cooldown"
    PATIENT_BUDGET = "patient-budget"
    TENANT_BUDGET = "tenant-budget"


WHY = {
    Hold.UNDER_AGE: "the patient is younger than the detector is meant for",
    Hold.KNOWN: "atrial fibrillation is on the problem list already",
    Hold.PULSE_ONLY: "it rests on a pulse recording alone, without an ECG",
    Hold.BEATS_ONLY: "it rests on heart beats alone, without an ECG",
    Hold.OUTWEIGHED: "an ECG of the same time says otherwise",
    Hold.TOO_SHORT: "the episode is shorter than the minimum duration",
    Hold.TOO_LITTLE_ANALYSED: "too little of the episode could be analysed",
    Hold.SAME_CLUSTER: "it is of one cluster with what somebody has resolved",
    Hold.COOLDOWN: "there was news of this finding a short while ago",
    Hold.PATIENT_BUDGET: "this patient's budget of news is used up",
    Hold.TENANT_BUDGET: "the hospital's budget of news is used up",
}


_ALONE = {Ground.PULSE: Hold.PULSE_ONLY, Ground.HEART_BEATS: Hold.BEATS_ONLY}


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of config/clinical/alerting.toml, where each has its source.

    `sent_without_ecg` says what may be sent though there is no ECG, and then has a minimum duration
    of its own.
    """

    youngest: int
    sent_without_ecg: frozenset[Ground]
    minimum_duration: timedelta
    minimum_duration_without_ecg: timedelta
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
    """The finding as it would be written now, by its longest episode on one ground.

    `duration` is that of the episode, `analysable` how much of that could be analysed (None where
    the decider does not say). `last_seen` is when fibrillation was last seen in any episode of the
    finding, None where that is not said. `outweighed` is True where an ECG of the same time says
    otherwise, `settles` where a person decided something about it, which is always sent.
    """

    ground: Ground
    duration: timedelta
    analysable: timedelta | None
    last_seen: datetime | None = None
    outweighed: bool = False
    settles: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What has been sent before: the last news of this finding, and when others were in the window.

    `resolved` is when fibrillation was last seen in what somebody resolved of this patient, None
    where nothing was. `patient` and `tenant` are the instants at which news were sent, of this
    patient and of all.
    """

    last: datetime | None = None
    resolved: datetime | None = None
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
    person, without_ecg, episode, pace, budget = (
        {name: entry["value"] for name, entry in table[part].items()}
        for part in ("person", "without_ecg", "episode", "pace", "budget")
    )
    return Rules(
        youngest=int(person["youngest"]),
        sent_without_ecg=frozenset(Ground(name) for name, sent in without_ecg.items() if sent),
        minimum_duration=timedelta(seconds=episode["minimum_duration"]),
        minimum_duration_without_ecg=timedelta(seconds=episode["minimum_duration_without_ecg"]),
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
    lasting = [
        *_of_person(facts, now.date(), rules),
        *_of_ground(candidate, rules),
        *_of_episode(candidate, rules),
        *_of_cluster(candidate, sent, rules),
    ]
    passing = _of_pace(sent, now, rules)
    reasons = (*lasting, *(reason for reason, _ in passing))
    again = None if lasting or not passing else max(until for _, until in passing)
    return Verdict(not reasons, reasons, unknown, again)


def first_sent(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on a finding out of those on each of its grounds, the weightiest first.

    Any of them may carry it. Raises IndexError without any.
    """
    return next((one for one in verdicts if one.send), verdicts[0])


def stated(unknown: Sequence[str]) -> str:
    """Say which facts were not known when the rules were asked, "" where all were."""
    facts = ", ".join(unknown)
    return f"Not known when the site's rules were asked: {facts}." if facts else ""


def same_cluster(earlier: datetime, later: datetime, rules: Rules | None = None) -> bool:
    """Whether fibrillation seen at `later` is one cluster with what was last seen at `earlier`."""
    return later - earlier <= (rules or configured()).cluster_gap


def age(birth_date: date, on: date) -> int:
    """Return whole years; who is born on 29 February has a birthday on 1 March in other years."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def has_known_fibrillation(problems: Iterable[Code]) -> bool:
    """Whether a problem is in the value set of config/clinical/known_fibrillation.toml."""
    table = load("known_fibrillation")
    return any(
        _is_classified(problem, table["classification"]) or _is_named(problem, table["terminology"])
        for problem in problems
    )


def _is_classified(problem: Code, classifications: Iterable[Mapping[str, Any]]) -> bool:
    plain = problem.code.strip().replace(".", "").upper()
    return any(
        problem.system in one["systems"] and plain.startswith(one["category"])
        for one in classifications
    )


def _is_named(problem: Code, terminologies: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the very code is listed; an edition of a code system is named below its address."""
    return any(
        any(problem.system == s or problem.system.startswith(f"{s}/") for s in one["systems"])
        and any(problem.code == known["code"] for known in one["codes"])
        for one in terminologies
    )


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


def _of_ground(candidate: Candidate, rules: Rules) -> list[Hold]:
    held = []
    if candidate.ground in _ALONE and candidate.ground not in rules.sent_without_ecg:
        held.append(_ALONE[candidate.ground])
    if candidate.outweighed:
        held.append(Hold.OUTWEIGHED)
    return held


def _of_episode(candidate: Candidate, rules: Rules) -> list[Hold]:
    held = []
    on_ecg = candidate.ground is Ground.ECG
    if candidate.duration < (
        rules.minimum_duration if on_ecg else rules.minimum_duration_without_ecg
    ):
        held.append(Hold.TOO_SHORT)
    analysable = candidate.analysable
    if analysable is not None and (
        analysable < rules.minimum_analysable
        or analysable < rules.minimum_share * candidate.duration
    ):
        held.append(Hold.TOO_LITTLE_ANALYSED)
    return held


def _of_cluster(candidate: Candidate, sent: Sent, rules: Rules) -> list[Hold]:
    """What somebody resolved is old news for as long as the same cluster goes on, and no longer."""
    if candidate.last_seen is None or sent.resolved is None:
        return []
    one = same_cluster(sent.resolved, candidate.last_seen, rules)
    return [Hold.SAME_CLUSTER] if one else []


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
