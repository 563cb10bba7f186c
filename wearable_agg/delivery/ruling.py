"""The clinical rules, asked in the step that sends, with the facts of that moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from clinical.findings import Decision, FindingState
from clinical.medications import Code
from clinical.rules import Candidate, Facts, Rules, Sent, configured, decide, first_sent
from clinical.verdicts import Ground, Signal, ground
from wearable_agg.delivery.chart import Held
from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.patient_facts import PatientRecord
from wearable_agg.delivery.rhythm_events import is_outweighed
from wearable_agg.delivery.states import Kind
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import decisions, episodes, findings
from wearable_agg.store.outbox_tables import NEWS, outbox

_TAKING_NOTE = (Decision.ACKNOWLEDGED, Decision.CONFIRMED, Decision.REOPENED)
_CLOSING = (Decision.REJECTED, Decision.UNREADABLE, Decision.RESOLVED)


@dataclass(frozen=True, slots=True)
class Ruling:
    """Why a write is not sent now, None where it is, and which facts were not known."""

    held: Held | None
    unknown: tuple[str, ...]


def ruling(
    connection: Connection,
    item: Item,
    record: PatientRecord,
    now: datetime,
    rules: Rules | None = None,
) -> Ruling:
    """Ask the rules about a finding; all else is always sent."""
    if item.kind is not Kind.FLAG:
        return Ruling(None, item.unknown)
    rules = rules or configured()
    sent, facts = _sent(connection, item, now, rules), _facts(record)
    weighed = sorted(_candidates(connection, item), key=lambda one: _WEIGHT.index(one.ground))
    verdict = first_sent([decide(one, facts, sent, now, rules) for one in weighed])
    held = None if verdict.send else Held(verdict.why, verdict.again)
    return Ruling(held, verdict.unknown)


_WEIGHT = tuple(Ground)


def _candidates(connection: Connection, item: Item) -> Iterator[Candidate]:
    """The longest episode on each ground, and how much of it could be analysed."""
    finding = connection.execute(select(findings).where(findings.c.id == item.subject))
    row = finding.mappings().one()
    longest = _longest(connection, item.subject) or {_ground(row): row}
    outweighed = Ground.ECG not in longest and is_outweighed(connection, item.person_id, row)
    settles = _is_seen(connection, item)
    for rests_on, spell in longest.items():
        duration = _reach(spell)
        yield Candidate(
            ground=rests_on,
            duration=duration,
            analysable=duration * spell["coverage"],
            last_seen=from_micros(row["last_seen_at"]),
            outweighed=outweighed,
            settles=settles,
        )


def _longest(connection: Connection, finding_id: str) -> dict[Ground, RowMapping]:
    this = episodes.c.finding_id == finding_id
    deciders = select(episodes.c.signal, episodes.c.decider).where(this).distinct()
    reach = func.coalesce(episodes.c.end, episodes.c.last_seen_at) - episodes.c.onset
    found: dict[Ground, RowMapping] = {}
    for signal, decider in connection.execute(deciders).all():
        made = this & (episodes.c.signal == signal) & (episodes.c.decider == decider)
        longest = select(episodes).where(made).order_by(reach.desc()).limit(1)
        row = connection.execute(longest).mappings().one()
        known = found.setdefault(_ground(row), row)
        if _reach(row) > _reach(known):
            found[_ground(row)] = row
    return found


def _ground(row: RowMapping) -> Ground:
    return ground(Signal(row["signal"]), row["decider"])


def _reach(row: RowMapping) -> timedelta:
    last = row["last_seen_at"] if row["end"] is None else row["end"]
    return timedelta(microseconds=last - row["onset"])


def _is_seen(connection: Connection, item: Item) -> bool:
    """Tell whether somebody took note of the finding: then the chart is told as well."""
    seen = select(decisions.c.id).where(
        decisions.c.finding_id == item.subject, decisions.c.kind.in_(_TAKING_NOTE)
    )
    return connection.execute(seen).first() is not None


def _facts(record: PatientRecord) -> Facts:
    problems = record.problems
    known = None if problems is None else tuple(Code(system, code, "") for system, code in problems)
    return Facts(record.birth_date, known)


def _sent(connection: Connection, item: Item, now: datetime, rules: Rules) -> Sent:
    """When findings of this patient, and of all, went into charts; this one has not gone yet."""
    asked = {
        "tenant": item.patient.tenant,
        "patient": item.patient.patient_id,
        "since": to_micros(now - rules.window),
        "this": item.id,
    }
    return Sent(
        last=_at(connection, _LAST_CLOSED, item),
        resolved=_at(connection, _LAST_RESOLVED, item),
        patient=_newest(connection, _NEWS_OF_PATIENT, asked, rules.per_patient),
        tenant=_newest(connection, _NEWS_OF_TENANT, asked, rules.per_tenant),
    )


def _newest(
    connection: Connection, news: Select[Any], asked: dict[str, Any], budget: int
) -> tuple[datetime, ...]:
    """The newest that make a budget full, and none where they do not: then none matters."""
    full = news.offset(bindparam("others")).limit(1)
    if connection.execute(full, {**asked, "others": budget - 1}).first() is None:
        return ()
    rows = connection.execute(news.limit(bindparam("budget")), {**asked, "budget": budget})
    return tuple(from_micros(at) for at in rows.scalars())


_NEWS_OF_TENANT = (
    select(outbox.c.updated_at)
    .where(
        NEWS,
        outbox.c.tenant == bindparam("tenant"),
        outbox.c.updated_at > bindparam("since"),
        outbox.c.id != bindparam("this"),
    )
    .order_by(outbox.c.updated_at.desc())
)
_NEWS_OF_PATIENT = _NEWS_OF_TENANT.where(outbox.c.patient_id == bindparam("patient"))


def _at(connection: Connection, wanted: Select[Any], item: Item) -> datetime | None:
    at = connection.execute(wanted, {"this": item.subject}).scalar()
    return None if at is None else from_micros(at)


_THIS = select(findings).where(findings.c.id == bindparam("this")).subquery()
_OF_SAME = (
    (findings.c.person_id == _THIS.c.person_id)
    & (findings.c.kind == _THIS.c.kind)
    & (findings.c.tenant == _THIS.c.tenant)
)
_LAST_CLOSED = (
    select(func.max(decisions.c.at))
    .join(findings, findings.c.id == decisions.c.finding_id)
    .join(_THIS, _OF_SAME)
    .where(decisions.c.kind.in_(_CLOSING))
)
"""When somebody last closed a finding of this person and kind; the cooldown counts from it."""
_LAST_RESOLVED = (
    select(func.max(findings.c.last_seen_at))
    .join(_THIS, _OF_SAME)
    .where(findings.c.state == FindingState.RESOLVED, findings.c.id != _THIS.c.id)
)
"""When fibrillation was last seen in what is resolved; a rejected finding was none."""
