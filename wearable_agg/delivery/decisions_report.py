"""What was, or in shadow would have been, written into charts, and what clinicians made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, select

from clinical.findings import FindingState
from wearable_agg.delivery.modes import IN_SHADOW
from wearable_agg.delivery.states import HELD, Kind, State
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.findings_tables import findings
from wearable_agg.store.outbox_tables import outbox


class Fate(StrEnum):
    """What became of a finding on its way to the chart."""

    SENT = "sent"
    WOULD_BE_SENT = "would have been sent"
    HELD = "held"
    NOT_SENT = "not sent"
    UNDER_WAY = "under way"


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding of the report; `state` is what clinicians made of it so far."""

    finding: str
    patient: str
    kind: str
    onset: datetime
    fate: Fate
    reason: str
    state: FindingState


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over findings that were, or would have been, sent."""

    findings: int
    by_state: Counter[FindingState]

    @property
    def confirmed_share(self) -> float | None:
        """Confirmed of those that were confirmed or rejected as wrong; None where none was."""
        confirmed = self.by_state[FindingState.CONFIRMED]
        judged = confirmed + self.by_state[FindingState.REJECTED]
        return confirmed / judged if judged else None


def report(connection: Connection, tenant: str, since: datetime) -> list[Judged]:
    """Return the findings of a tenant that were made since then, the oldest first."""
    columns = (outbox.c.patient_id, outbox.c.state, outbox.c.reason)
    of_finding = (findings.c.id, findings.c.kind, findings.c.onset, findings.c.state.label("now"))
    rows = connection.execute(
        select(*columns, *of_finding)
        .join(findings, findings.c.id == outbox.c.subject)
        .where(
            outbox.c.tenant == tenant,
            outbox.c.kind == Kind.FLAG,
            findings.c.created_at >= to_micros(since),
        )
        .order_by(findings.c.onset, outbox.c.id)
    )
    return [_judged(row) for row in rows.mappings()]


def totals(judged: Sequence[Judged]) -> Totals:
    """Count what was, or would have been, sent."""
    counted = [each.state for each in judged if each.fate in (Fate.SENT, Fate.WOULD_BE_SENT)]
    return Totals(len(counted), Counter(counted))


def lines(judged: Sequence[Judged]) -> Iterable[str]:
    """Write the report as lines of text; it names patients by the EHR's ids."""
    for each in judged:
        why = f" ({each.reason})" if each.reason and each.fate is not Fate.WOULD_BE_SENT else ""
        what = f"Patient/{each.patient:<24} {each.kind:<20} {each.fate}{why}"
        yield f"{each.onset:%Y-%m-%d %H:%M}  {what}; {each.state}"
    counted = totals(judged)
    states = ", ".join(f"{count} {state}" for state, count in sorted(counted.by_state.items()))
    yield f"{counted.findings} sent or to be sent: {states or 'none'}"
    if counted.confirmed_share is not None:
        yield f"{100 * counted.confirmed_share:.0f} % of those judged right or wrong were confirmed"


def _judged(row: RowMapping) -> Judged:
    reason = row["reason"] or ""
    return Judged(
        finding=row["id"],
        patient=row["patient_id"],
        kind=row["kind"],
        onset=from_micros(row["onset"]),
        fate=_fate(State(row["state"]), reason),
        reason=reason.removeprefix(HELD),
        state=FindingState(row["now"]),
    )


def _fate(state: State, reason: str) -> Fate:
    if state is State.DONE:
        return Fate.SENT
    if state is State.UNSENT:
        return Fate.WOULD_BE_SENT if reason == IN_SHADOW else Fate.NOT_SENT
    if reason.startswith(HELD):
        return Fate.HELD
    return Fate.NOT_SENT if state in (State.PARKED, State.DEAD) else Fate.UNDER_WAY
