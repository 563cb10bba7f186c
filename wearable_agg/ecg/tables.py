"""The tables of ecg.db, a file of its own so that streams never wait for anything else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    inspect,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateColumn

from wearable_agg.ecg.frames import Carried, Sensor
from wearable_agg.store.database import open_database, writing

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("session", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("issuer", String, nullable=False),
    Column("patient_id", String, nullable=False),
    Column("vendor", String, nullable=False),
    Column("model", String, nullable=False),
    Column("serial", String, nullable=False),
    Column("firmware", String, nullable=False),
    Column("leads", String, nullable=False),
    Column("nominal_rate", Float, nullable=False),
    Column("gain", Float, nullable=False),
    Column("rate", Float, nullable=False),
    Column("clock_offset", BigInteger, nullable=False),
    Column("drift", Float),
    Column("opened_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("signal", String, nullable=False, server_default=Carried.ECG),
    Column("sensor", String, nullable=False, server_default=Sensor.ELECTRIC),
)

frames = Table(
    "frames",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("session", Integer, ForeignKey("sessions.id"), nullable=False),
    Column("lead", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("device_time", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("rate", Float, nullable=False),
    Column("length", Integer, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("gap_before", Boolean, nullable=False),
    UniqueConstraint("session", "lead", "sequence"),
    sqlite_autoincrement=True,
)

segments = Table(
    "segments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("session", Integer, ForeignKey("sessions.id"), nullable=False),
    Column("lead", Integer, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("rate", Float, nullable=False),
    Column("frame_length", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("samples", LargeBinary, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("gap_before", Boolean, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("session", "lead", "first_sequence"),
    Index("ix_segments_session_lead_end", "session", "lead", "end"),
)

quarantined = Table(
    "quarantined",
    metadata,
    Column("frame", Integer, primary_key=True, autoincrement=False),
    Column("reason", String, nullable=False),
    Column("at", BigInteger, nullable=False),
)


def open_inbox(path: Path) -> Engine:
    """Open ecg.db, making file, tables and columns where they are missing.

    Drops an index of older files: a second one doubles what is written for each frame.
    """
    engine = open_database(path)
    event.listen(engine, "connect", _give_room)
    metadata.create_all(engine)
    if _missing(engine):
        _add_missing(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX IF EXISTS ix_frames_session_lead_start")
    return engine


def _give_room(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    """Let a transaction of many frames stay in memory, and pages be copied once for several."""
    for pragma in ("cache_size=-32000", "wal_autocheckpoint=8000"):
        raw.execute(f"PRAGMA {pragma}")


def _missing(engine: Engine | Connection) -> list[Column[str]]:
    known = {column["name"] for column in inspect(engine).get_columns(sessions.name)}
    return [column for column in sessions.columns if column.name not in known]


def _add_missing(engine: Engine) -> None:
    """Add the columns of sessions that an older file lacks, unless another process just did."""
    with writing(engine) as connection:
        for column in _missing(connection):
            definition = CreateColumn(column).compile(dialect=engine.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {sessions.name} ADD COLUMN {definition}")
