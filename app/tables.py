"""The tables of app.db: who is launched, for whom, in which browser. Instants are microseconds."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from safeguards.audit import audit_table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

audit = audit_table(metadata)

# Cookies and states are kept as hashes: whoever reads the file cannot become anybody with it.
browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("id", String, primary_key=True),
    Column("token_hash", String, nullable=False, unique=True),
    Column("previous_hash", String, index=True),
    Column("rotated_at", BigInteger),
    Column("tenant", String, nullable=False),
    Column("user", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

pending_launches = Table(
    "pending_launches",
    metadata,
    Column("state_hash", String, primary_key=True),
    Column("browser_hash", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("secrets", LargeBinary, nullable=False),  # sealed: nonce and PKCE verifier
    Column("expires_at", BigInteger, nullable=False),
)

launch_contexts = Table(
    "launch_contexts",
    metadata,
    Column("id", String, primary_key=True),
    Column(
        "session_id",
        String,
        ForeignKey("browser_sessions.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("tenant", String, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # sealed: patient, encounter, user, ...
    Column("tokens", LargeBinary, nullable=False),  # sealed
    Column("token_version", Integer, nullable=False),
    Column("refresh_lease_until", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_launch_contexts_session_id", "session_id"),
)
