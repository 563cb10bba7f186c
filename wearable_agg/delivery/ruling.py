"""The clinical rules, asked in the step that sends, with the facts of that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from clinical.findings import Decision
from clinical.medications import Code
from clinical.rules import Candidate, Facts, Rules, Sent, configured, decide
from clinical.verdicts import Signal
from wearable_agg.delivery.chart import Held
from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.patient_facts import PatientRecord
from wearable_agg.delivery.states import Kind
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import decisions, episodes, findings
from wearable_agg.store.outbox_tables import NEWS, outbox

_TAKING_NOTE = (Decision.ACKNOWLEDGED, Decision.CONFIRMED, Decision.REOPENED)
_CLOSING = (Decision.REJECTED, Decision.UNREADABLE, Decision.RESOLVED)


def ruling(
    connection: Connection,
    item: Item,
    record: PatientRecord,
    now: datetime,
    rules: Rules | None = None,
) -> Held | None:
    """Return why a finding is not sent now, None where it is; all else is always sent."""
    if item.kind is not Kind.FLAG:
        return None
    rules = rules or configured()
    sent = _sent(connection, item, now, rules)
    candidate = replace(_candidate(connection, item), settles=_is_seen(connection, item))
    verdict = decide(candidate, _facts(record), sent, now, rules)
    return None if verdict.send else Held(verdict.why, verdict.again)


def _candidate(connection: Connection, item: Item) -> Candidate:
    """The longest episode of the finding, and how much of it could be analysed."""
    reach = func.coalesce(episodes.c.end, episodes.c.last_seen_at) - episodes.c.onset
    row = (
        connection.execute(
            select(episodes.c.signal, episodes.c.coverage, reach.label("micros"))
            .where(episodes.c.finding_id == item.subject)
            .order_by(reach.desc())
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return _by_episode(row) if row else _by_finding(connection, item.subject)


def _is_seen(connection: Connection, item: Item) -> bool:
    """Tell whether somebody took note of the finding: then the chart is told as well."""
    seen = select(decisions.c.id).where(
        decisions.c.finding_id == item.subject, decisions.c.kind.in_(_TAKING_NOTE)
    )
    return connection.execute(seen).first() is not None


def _by_episode(row: RowMapping) -> Candidate:
    duration = timedelta(microseconds=row["micros"])
    return Candidate(Signal(row["signal"]), duration, duration * row["coverage"])


def _by_finding(connection: Connection, finding_id: str) -> Candidate:
    reach = func.coalesce(findings.c.end, findings.c.last_seen_at) - findings.c.onset
    columns = (findings.c.signal, findings.c.coverage, reach.label("micros"))
    found = connection.execute(select(*columns).where(findings.c.id == finding_id))
    return _by_episode(found.mappings().one())


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
        last=_closed_at(connection, item),
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


def _closed_at(connection: Connection, item: Item) -> datetime | None:
    """When somebody last closed a finding of this person and kind; the cooldown counts from it."""
    at = connection.execute(_LAST_CLOSED, {"this": item.subject}).scalar()
    return None if at is None else from_micros(at)


_THIS = select(findings).where(findings.c.id == bindparam("this")).subquery()
_LAST_CLOSED = (
    select(func.max(decisions.c.at))
    .join(findings, findings.c.id == decisions.c.finding_id)
    .join(_THIS, (findings.c.person_id == _THIS.c.person_id) & (findings.c.kind == _THIS.c.kind))
    .where(findings.c.tenant == _THIS.c.tenant, decisions.c.kind.in_(_CLOSING))
)
