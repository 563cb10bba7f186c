"""Measurements, what they were before a correction, and their rollups.

A series is one (person, type, statistic, source, span); measurements and rollups refer to it by
number, which keeps their rows narrow. They have no foreign keys: a batch takes the numbers from
series and origins in its own transaction, and checking them for each row takes PostgreSQL longer
than all the rest. Instants are microseconds since the epoch.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from wearable_agg.store.metadata import metadata

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("type", String, nullable=False),
    Column("statistic", String, nullable=False),
    Column("source", String, nullable=False),
    Column("span", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("rolled_up", Boolean, nullable=False),
    UniqueConstraint("person_id", "type", "statistic", "source", "span"),
)

origins = Table(
    "origins",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("device", String, nullable=False),
    Column("method", String, nullable=False),
    UniqueConstraint("device", "method"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, primary_key=True),
    Column("value", Float, nullable=False),
    Column("offset_seconds", Integer),
    Column("origin_id", Integer, nullable=False),
    Column("vendor_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("told_at", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

measurement_history = Table(
    "measurement_history",
    metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("value", Float, nullable=False),
    Column("origin_id", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("replaced_at", BigInteger, nullable=False),
    Column("retracted", Boolean, nullable=False, server_default=text("false")),
    Index(
        "ix_measurement_history_retracted",
        "series_id",
        sqlite_where=text("retracted"),
        postgresql_where=text("retracted"),
    ),
    sqlite_with_rowid=False,
)

retractions = Table(
    "retractions",
    metadata,
    Column("person_id", ForeignKey("persons.id"), primary_key=True),
    Column("vendor", String, primary_key=True),
    Column("vendor_id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("retracted_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

source_preferences = Table(
    "source_preferences",
    metadata,
    Column("person_id", ForeignKey("persons.id"), primary_key=True),
    Column("type", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("sources", String, nullable=False),
    Column("stated_by", String, nullable=False),
    Column("stated_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

rollups = Table(
    "rollups",
    metadata,
    Column("series_id", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("sum", Float, nullable=False),
    Column("min", Float, nullable=False),
    Column("max", Float, nullable=False),
    Column("coverage", Float, nullable=False),
    sqlite_with_rowid=False,
)
