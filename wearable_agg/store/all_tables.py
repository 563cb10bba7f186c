"""The metadata with every table of wearables.db declared, whichever room writes it."""

from __future__ import annotations

from wearable_agg.store import (
    api_tables,
    audit_tables,
    delivery_tables,
    engine_tables,
    findings_tables,
    intake_tables,
    measurement_tables,
    outbox_tables,
    people_tables,
    recording_tables,
)
from wearable_agg.store.metadata import metadata

TOPICS = (
    api_tables,
    audit_tables,
    delivery_tables,
    engine_tables,
    findings_tables,
    intake_tables,
    measurement_tables,
    outbox_tables,
    people_tables,
    recording_tables,
)

__all__ = ["TOPICS", "metadata"]
