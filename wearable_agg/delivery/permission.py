"""What must still hold at the moment of sending."""

from __future__ import annotations

from sqlalchemy import Connection

from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.states import Kind
from wearable_agg.people.consents import RHYTHM, permits, permits_topic

WITHDRAWN = "The person no longer allows this data to be used"


def consent_refusal(connection: Connection, item: Item) -> str:
    """Say that the person has withdrawn what a write rests on, or "".

    Asked in the transaction that decides the send. A daily total needs consent to its type, what is
    found in an ECG consent to heart rhythm; what nobody ever said is a no.
    """
    if item.kind is Kind.DAY:
        allowed = permits(connection, item.person_id, item.payload["type"])
    else:
        allowed = permits_topic(connection, item.person_id, RHYTHM)
    return "" if allowed else WITHDRAWN
