"""What is to be written to the EHR, and how far each write has come."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from wearable_agg.store.metadata import metadata

UNSETTLED = text("state IN ('pending', 'retry', 'inflight', 'unknown')")
"""Rows that delivery still works on by itself."""

NEWS = text("kind = 'flag' AND state IN ('inflight', 'unknown', 'done')")
"""Findings that are, or may be, in a chart."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("patient_id", String, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("payload", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sent_generation", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("rejections", Integer, nullable=False),
    Column("attempt_id", String),
    Column("lease_until", BigInteger),
    Column("next_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("reason", Text),
    Column("result", Text),
    Column("unknown_facts", Text, nullable=False, server_default="[]"),
    UniqueConstraint("tenant", "key"),
    Index("ix_outbox_due", "lane", "id", sqlite_where=UNSETTLED, postgresql_where=UNSETTLED),
    Index(
        "ix_outbox_patient",
        "tenant",
        "issuer",
        "patient_id",
        "lane",
        "id",
        sqlite_where=UNSETTLED,
        postgresql_where=UNSETTLED,
    ),
    Index("ix_outbox_subject", "subject"),
    Index("ix_outbox_news", "tenant", "updated_at", sqlite_where=NEWS, postgresql_where=NEWS),
)
