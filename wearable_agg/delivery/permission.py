"""What must still hold at the moment of sending."""

from __future__ import annotations

from sqlalchemy import Connection

from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.states import Kind
from wearable_agg.people.consents import RHYTHM, consents_of, permits

WITHDRAWN = "The person no longer allows this data to be used"


def consent_refusal(connection: Connection, item: Item) -> str:
    """Say that the person has withdrawn what a write rests on, or "".

    Asked in the transaction that decides the send. A daily total needs consent to its type. What
    is found in an ECG that a clinician had recorded needs none, but a consent to heart rhythm that
    was given and ended, or was withdrawn, keeps it from the chart.
    """
    if item.kind is Kind.DAY:
        allowed = permits(connection, item.person_id, item.payload["type"])
    else:
        allowed = _rhythm_allowed(connection, item.person_id)
    return "" if allowed else WITHDRAWN


def _rhythm_allowed(connection: Connection, person_id: int) -> bool:
    said = [each for each in consents_of(connection, person_id) if each.topic == RHYTHM]
    return not said or any(each.in_force for each in said)
