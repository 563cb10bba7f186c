"""What delivery knows of the EHRs it writes to, its fence, its work-list, reconciliations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from wearable_agg.store.metadata import metadata

chart_probes = Table(
    "chart_probes",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("issuer", String, nullable=False),
    Column("personality", Text, nullable=False),
    Column("probed_at", BigInteger, nullable=False),
)

delivery_fence = Table(
    "delivery_fence",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("sends", BigInteger, nullable=False),
    Column("identity", String, nullable=False),
)

worklist = Table(
    "worklist",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("issuer", String, primary_key=True),
    Column("patient_id", String, primary_key=True),
    Column("finding_id", String, primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
    Column("seen_by", String),
    Index("ix_worklist_tenant_added_at", "tenant", "added_at"),
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("occasion", String, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("patients", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("sent_again", Integer, nullable=False),
    Column("taken_back", Integer, nullable=False),
    Column("strange", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index("ix_reconciliations_tenant_issuer", "tenant", "issuer", "id"),
)
