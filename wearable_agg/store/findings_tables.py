"""Episodes of atrial fibrillation, what was analysed, findings, and what people decided."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from wearable_agg.store.metadata import metadata

STILL_OPEN = text("state IN ('open', 'acknowledged', 'confirmed')")
"""Findings that a new episode of their kind joins: a person has at most one."""

episodes = Table(
    "episodes",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("stream", String, nullable=False),
    Column("onset", BigInteger, nullable=False),
    Column("end", BigInteger),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("mean_rate", Float, nullable=False),
    Column("max_rate", Float, nullable=False),
    Column("coverage", Float, nullable=False),
    Column("decider", String, nullable=False),
    Column("decider_version", String, nullable=False),
    Column("signal", String, nullable=False),
    Column("device", String, nullable=False),
    Column("finding_id", ForeignKey("findings.id"), index=True),
    Column("probability", Float),
    Column("evidence", Text, nullable=False, server_default="{}"),
    Column("went_silent", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("stream", "onset"),
    Index("ix_episodes_person_onset", "person_id", "onset"),
)

analysed = Table(
    "analysed",
    metadata,
    Column("stream", String, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("recorded_seconds", Float, nullable=False),
    Column("analysable_seconds", Float, nullable=False),
    Column("af_seconds", Float, nullable=False),
    Index("ix_analysed_person_start", "person_id", "start"),
)

findings = Table(
    "findings",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("trigger", String, nullable=False),
    Column("onset", BigInteger, nullable=False),
    Column("end", BigInteger),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("detected_at", BigInteger, nullable=False),
    Column("mean_rate", Float, nullable=False),
    Column("max_rate", Float, nullable=False),
    Column("coverage", Float, nullable=False),
    Column("decider", String, nullable=False),
    Column("decider_version", String, nullable=False),
    Column("signal", String, nullable=False),
    Column("device", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("probability", Float),
    Column("evidence", Text, nullable=False, server_default="{}"),
    UniqueConstraint("tenant", "trigger"),
    Index(
        "uq_findings_one_open",
        "tenant",
        "person_id",
        "kind",
        unique=True,
        sqlite_where=STILL_OPEN,
        postgresql_where=STILL_OPEN,
    ),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("finding_id", ForeignKey("findings.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("by", String, nullable=False),
    Column("by_name", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("request", String, nullable=False),
    UniqueConstraint("tenant", "finding_id", "by", "request"),
    UniqueConstraint("finding_id", "version"),
)

strips = Table(
    "strips",
    metadata,
    Column("finding_id", ForeignKey("findings.id"), primary_key=True),
    Column("start", BigInteger, nullable=False),
    Column("rate", Float, nullable=False),
    Column("lead", String, nullable=False),
    Column("lead_code", String, nullable=False),
    Column("microvolts_per_count", Float, nullable=False),
    Column("samples", LargeBinary, nullable=False),
)

tachograms = Table(
    "tachograms",
    metadata,
    Column("finding_id", ForeignKey("findings.id"), primary_key=True),
    Column("start", BigInteger, nullable=False),
    Column("beats", LargeBinary, nullable=False),
)
