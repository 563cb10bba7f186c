"""What must still hold at the moment of sending."""

from __future__ import annotations

from sqlalchemy import Connection

from wearable_agg.delivery.outbox import Item
from wearable_agg.delivery.states import Kind
from wearable_agg.people.consents import RHYTHM, permits, permits_topic
from wearable_agg.people.registry import person_for, survivor_of

OTHERS_RECORD = "The record is not this person's"
WITHDRAWN = "The person no longer allows this data to be used"


def send_refusal(connection: Connection, item: Item) -> str:
    """Say why a write must not be sent, or "": it is not the person's record, or consent ended.

    Asked in the transaction that decides the send.
    """
    return record_refusal(connection, item) or consent_refusal(connection, item)


def record_refusal(connection: Connection, item: Item) -> str:
    """Say that the record stands for somebody else: records merged in error were taken apart."""
    chart = item.patient
    whose = person_for(connection, chart.tenant, chart.issuer, chart.patient_id)
    return "" if whose == survivor_of(connection, item.person_id) else OTHERS_RECORD


def consent_refusal(connection: Connection, item: Item) -> str:
    """Say that the person has withdrawn what a write rests on, or "".

    A daily total needs consent to its type, what is found in an ECG consent to heart rhythm; what
    nobody ever said is a no.
    """
    if item.kind is Kind.DAY:
        allowed = permits(connection, item.person_id, item.payload["type"])
    else:
        allowed = permits_topic(connection, item.person_id, RHYTHM)
    return "" if allowed else WITHDRAWN
