"""A person decides about a finding: its state, the write to the chart and the audit, as one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from clinical.findings import OPEN_STATES, Decision, FindingState, NotAllowedNow, after
from safeguards.assertions import Asker
from safeguards.audit import record
from wearable_agg.delivery.enqueue import add_decision, offer_again, reconsider
from wearable_agg.delivery.listing import list_findings
from wearable_agg.people.registry import patients_of, touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.findings_tables import decisions, findings


class UnknownFinding(Exception):
    """This person has no such finding."""


class StaleFinding(Exception):
    """Somebody decided about the finding since it was read: read it again, then decide."""


class Wordless(Exception):
    """A comment without words says nothing: write it first."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person decides; `version` is the finding's version as that person read it."""

    decision: Decision
    version: int
    note: str = ""


def decide(
    connection: Connection,
    asker: Asker,
    person_id: int,
    finding_id: str,
    said: Said,
    idempotency_key: str,
) -> dict[str, Any]:
    """Record what `asker` decides about a finding, in the caller's write transaction.

    Returns the finding as list_findings does. The same asker's request with the same
    `idempotency_key` is recorded once. Raises UnknownFinding; StaleFinding where the version read
    is not the present one; NotAllowedNow where the finding does not stand where this can be
    decided, or a later one of its kind is open; Wordless.
    """
    finding = _finding(connection, person_id, finding_id, asker.tenant)
    if not _is_recorded(connection, asker, finding_id, idempotency_key):
        if finding["version"] != said.version:
            raise StaleFinding(finding_id)
        _decide(connection, asker, finding, said, idempotency_key)
    shown = list_findings(connection, person_id)
    return next(one for one in shown if one["id"] == finding_id)


def _finding(connection: Connection, person_id: int, finding_id: str, tenant: str) -> RowMapping:
    found = connection.execute(
        select(findings).where(
            findings.c.id == finding_id,
            findings.c.person_id == person_id,
            findings.c.tenant == tenant,
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownFinding(finding_id)
    return row


def _is_recorded(connection: Connection, asker: Asker, finding_id: str, request: str) -> bool:
    found = select(decisions.c.id).where(
        decisions.c.tenant == asker.tenant,
        decisions.c.finding_id == finding_id,
        decisions.c.by == asker.user,
        decisions.c.request == request,
    )
    return connection.execute(found).first() is not None


def _decide(
    connection: Connection, asker: Asker, finding: RowMapping, said: Said, request: str
) -> None:
    state = _state_after(connection, finding, said)
    decision_id = str(uuid.uuid4())
    connection.execute(
        insert(decisions).values(
            id=decision_id,
            tenant=asker.tenant,
            finding_id=finding["id"],
            kind=said.decision,
            version=finding["version"] + 1,
            by=asker.user,
            by_name=asker.user_name,
            at=now_micros(),
            note=said.note,
            request=request,
        )
    )
    connection.execute(
        update(findings)
        .where(findings.c.id == finding["id"])
        .values(state=state, version=finding["version"] + 1)
    )
    _audit(connection, asker, finding["id"], said.decision, decision_id)
    _queue(connection, asker, finding, said.decision, decision_id)


def _state_after(connection: Connection, finding: RowMapping, said: Said) -> FindingState:
    if said.decision is Decision.COMMENTED and not said.note.strip():
        raise Wordless(finding["id"])
    state = after(FindingState(finding["state"]), said.decision)
    if said.decision is Decision.REOPENED and _another_is_open(connection, finding):
        raise NotAllowedNow("a later finding of this kind is open: decide about that one")
    return state


def _another_is_open(connection: Connection, finding: RowMapping) -> bool:
    found = select(findings.c.id).where(
        findings.c.tenant == finding["tenant"],
        findings.c.person_id == finding["person_id"],
        findings.c.kind == finding["kind"],
        findings.c.state.in_(OPEN_STATES),
    )
    return connection.execute(found).first() is not None


def _audit(
    connection: Connection, asker: Asker, finding_id: str, decision: Decision, decision_id: str
) -> None:
    record(
        connection,
        tenant=asker.tenant,
        actor=asker.user,
        action=f"finding.{decision}",
        entity=f"finding/{finding_id}",
        detail={"decision": decision_id, "context": asker.context},
    )


def _queue(
    connection: Connection,
    asker: Asker,
    finding: RowMapping,
    decision: Decision,
    decision_id: str,
) -> None:
    """Queue the decision's mark, and have the rules asked anew where they hold the finding."""
    person_id, finding_id = finding["person_id"], finding["id"]
    for patient in patients_of(connection, person_id):
        if patient.tenant == asker.tenant:
            add_decision(connection, patient, person_id, finding_id, decision_id, asker.user)
    reconsider(connection, finding_id)
    if decision is Decision.REOPENED:
        offer_again(connection, finding_id)
    touch(connection, person_id)
