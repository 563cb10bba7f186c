"""Where the rhythm engine stands in the ECG inbox, and its state there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from wearable_agg.store.metadata import metadata

engine_checkpoints = Table(
    "engine_checkpoints",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("cursor", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
)
