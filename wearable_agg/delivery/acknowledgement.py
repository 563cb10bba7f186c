"""A clinician acknowledges a finding: its state, the write to the chart and the audit, as one."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from clinical.findings import AFTER, Decision
from safeguards.assertions import Asker
from safeguards.audit import record
from wearable_agg.delivery.enqueue import add_acknowledgement
from wearable_agg.delivery.listing import list_findings
from wearable_agg.people.registry import patients_of, touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.findings_tables import decisions, findings


class UnknownFinding(Exception):
    """This person has no such finding."""


class StaleFinding(Exception):
    """Somebody decided about the finding since it was read: read it again, then decide."""


def acknowledge(
    connection: Connection,
    asker: Asker,
    person_id: int,
    finding_id: str,
    note: str,
    version: int,
    idempotency_key: str,
) -> dict[str, Any]:
    """Record that `asker` acknowledges a finding, in the caller's write transaction.

    Returns the finding as list_findings does. The same asker's request with the same
    `idempotency_key` is recorded once. Raises UnknownFinding, and StaleFinding where `version` is
    not the finding's present one.
    """
    finding = _finding(connection, person_id, finding_id, asker.tenant)
    if not _is_recorded(connection, asker, finding_id, idempotency_key):
        if finding["version"] != version:
            raise StaleFinding(finding_id)
        _decide(connection, asker, finding, note, idempotency_key)
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
    connection: Connection, asker: Asker, finding: RowMapping, note: str, request: str
) -> None:
    version = finding["version"] + 1
    decision_id = str(uuid.uuid4())
    connection.execute(
        insert(decisions).values(
            id=decision_id,
            tenant=asker.tenant,
            finding_id=finding["id"],
            kind=Decision.ACKNOWLEDGED,
            version=version,
            by=asker.user,
            by_name=asker.user_name,
            at=now_micros(),
            note=note,
            request=request,
        )
    )
    connection.execute(
        update(findings)
        .where(findings.c.id == finding["id"])
        .values(state=AFTER[Decision.ACKNOWLEDGED], version=version)
    )
    record(
        connection,
        tenant=asker.tenant,
        actor=asker.user,
        action="finding.acknowledged",
        entity=f"finding/{finding['id']}",
        detail={"decision": decision_id, "context": asker.context},
    )
    for patient in patients_of(connection, finding["person_id"]):
        if patient.tenant == asker.tenant:
            person, by = finding["person_id"], asker.user
            add_acknowledgement(connection, patient, person, finding["id"], decision_id, by)
    touch(connection, finding["person_id"])
