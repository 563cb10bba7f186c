"""Who is who: persons, their records in EHRs, their vendor accounts, and what they allow."""

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
)

from wearable_agg.store.metadata import metadata

persons = Table(
    "persons",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("timezone", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("data_version", Integer, nullable=False, server_default="0"),
    Column("days_closed_before", String),
    Column("merged_into", Integer, index=True),
    sqlite_autoincrement=True,
)

ehr_patients = Table(
    "ehr_patients",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("issuer", String, primary_key=True),
    Column("patient_id", String, primary_key=True),
    Column("person_id", ForeignKey("persons.id"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("replaced_by", String),
)

vendor_accounts = Table(
    "vendor_accounts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False, index=True),
    Column("vendor", String, nullable=False),
    Column("vendor_user_id", String, nullable=False),
    Column("status", String, nullable=False),
    Column("device", String, nullable=False),
    Column("timezone", String, nullable=False),
    Column("tokens", LargeBinary, nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("refreshing_until", BigInteger, nullable=False, server_default="0"),
    Column("linked_at", BigInteger, nullable=False),
    Column("last_sync_at", BigInteger),
    Column("last_data_at", BigInteger),
    Column("next_poll_at", BigInteger, nullable=False),
    UniqueConstraint("vendor", "vendor_user_id"),
    sqlite_autoincrement=True,
)

vendor_features = Table(
    "vendor_features",
    metadata,
    Column("account_id", ForeignKey("vendor_accounts.id"), primary_key=True),
    Column("feature", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("at_work", Boolean, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("person_id", ForeignKey("persons.id"), primary_key=True),
    Column("data_type", String, primary_key=True),
    Column("purpose", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("status", String, nullable=False),
    Column("wording", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("invited_by", String, nullable=False),
    Column("invited_by_name", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("proof_hash", String),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("tried_at", BigInteger, nullable=False, server_default="0"),
)

link_states = Table(
    "link_states",
    metadata,
    Column("state_hash", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("invitation_hash", ForeignKey("invitations.token_hash")),
    Column("person_id", ForeignKey("persons.id")),
    Column("destination", String, nullable=False),
    Column("browser_hash", String, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("ix_link_states_expires", "expires_at"),
)

patient_sessions = Table(
    "patient_sessions",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("proof", String, nullable=False),
    Column("invited_by", String, nullable=False),
    Column("invited_by_name", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)

work_items = Table(
    "work_items",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("settled_by", String),
    Column("settled_by_name", String),
)

person_merges = Table(
    "person_merges",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("retired_patient", String, nullable=False),
    Column("surviving_patient", String, nullable=False),
    Column("retired_person", ForeignKey("persons.id"), nullable=False),
    Column("surviving_person", ForeignKey("persons.id"), nullable=False),
    Column("moved", Text, nullable=False),
    Column("merged_at", BigInteger, nullable=False),
    Column("merged_by", String, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", String),
    sqlite_autoincrement=True,
)
