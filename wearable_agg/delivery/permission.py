"""What must still hold at the moment of sending."""

from __future__ import annotations

from sqlalchemy import Connection

from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.states import Kind
from wearable_agg.people.consents import permits


def consent_refusal(connection: Connection, item: Item) -> str:
    """Say that the person has withdrawn what an upload rests on, or ""."""
    if item.kind is not Kind.DAY or permits(connection, item.person_id, item.payload["type"]):
        return ""
    return "The person no longer allows this data to be used"
