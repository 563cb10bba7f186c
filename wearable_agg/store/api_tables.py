"""What the API answered, so that a repeated request is answered again and not done again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from wearable_agg.store.metadata import metadata

answered_requests = Table(
    "answered_requests",
    metadata,
    Column("request", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("claimed_at", BigInteger, nullable=False, index=True),
    Column("status", Integer),
    Column("answer", LargeBinary),
)
