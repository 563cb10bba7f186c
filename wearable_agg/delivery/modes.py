"""How a hospital writes: only in shadow, after a clinician confirmed, or by itself.

Asked in the step that sends, after consent, the patient's record and the clinical rules.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection, select

from clinical.findings import OPEN_STATES, Decision
from wearable_agg.delivery.chart import Held, Outcome, Withheld
from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.states import Kind
from wearable_agg.store.findings_tables import decisions, findings

IN_SHADOW = "shadow mode: this hospital has not switched writing on"
UNCONFIRMED = "this hospital writes a finding when a clinician has confirmed it"
CLOSED = "a clinician closed it before it was sent"


class WriteMode(StrEnum):
    """What becomes of a write that may be sent."""

    SHADOW = "shadow"
    AFTER_CONFIRMATION = "after_confirmation"
    AUTOMATIC = "automatic"


def closed(connection: Connection, item: Item) -> Withheld | None:
    """Keep a finding out of the chart that somebody closed before it ever got there."""
    if item.kind is not Kind.FLAG:
        return None
    state = connection.execute(select(findings.c.state).where(findings.c.id == item.subject))
    return None if state.scalar_one() in OPEN_STATES else Withheld(CLOSED)


def withheld(connection: Connection, item: Item, mode: WriteMode) -> Outcome | None:
    """Return what the mode makes of a write that may be sent otherwise; None where it is sent."""
    if mode is WriteMode.SHADOW:
        return Withheld(IN_SHADOW)
    if mode is WriteMode.AUTOMATIC or item.kind is not Kind.FLAG:
        return None
    confirmed = select(decisions.c.id).where(
        decisions.c.finding_id == item.subject, decisions.c.kind == Decision.CONFIRMED
    )
    return None if connection.execute(confirmed).first() else Held(UNCONFIRMED, None)
