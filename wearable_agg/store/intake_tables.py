"""What arrived from vendors, verbatim and sealed, and what is still to be fetched from them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from wearable_agg.store.metadata import metadata

inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("vendor", String, nullable=False),
    Column("account_id", ForeignKey("vendor_accounts.id")),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("state", String, nullable=False),
    Column("arrived_at", BigInteger, nullable=False),
    Column("processed_at", BigInteger),
    Column("reason", Text),
    Column("job_id", Integer),
    Column("replayed", Boolean, nullable=False, server_default=text("false")),
    Index("ix_inbox_state_arrived", "state", "arrived_at"),
    Index(
        "ix_inbox_job",
        "job_id",
        sqlite_where=text("job_id IS NOT NULL"),
        postgresql_where=text("job_id IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

sync_jobs = Table(
    "sync_jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("account_id", ForeignKey("vendor_accounts.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("window_start", BigInteger, nullable=False),
    Column("window_end", BigInteger, nullable=False),
    Column("cursor", Text),
    Column("state", String, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("notified", Boolean, nullable=False, server_default=text("false")),
    Column("changed_since", BigInteger),
    Column("changed_until", BigInteger),
    Column("reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_sync_jobs_state_not_before", "state", "not_before"),
    Index("ix_sync_jobs_account_kind", "account_id", "kind", "state"),
    sqlite_autoincrement=True,
)

vendor_changes = Table(
    "vendor_changes",
    metadata,
    Column("account_id", ForeignKey("vendor_accounts.id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("known_until", BigInteger, nullable=False),
)

vendor_requests = Table(
    "vendor_requests",
    metadata,
    Column("vendor", String, primary_key=True),
    Column("account_id", ForeignKey("vendor_accounts.id"), primary_key=True),
    Column("slot", BigInteger, primary_key=True),
    Column("requests", Integer, nullable=False),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("place", LargeBinary, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("person_id", "digest"),
    sqlite_autoincrement=True,
)
