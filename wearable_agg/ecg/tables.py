"""The tables of ecg.db, a file of its own so that streams never wait for anything else."""

from __future__ import annotations

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
    inspect,
)
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
    Index("ix_frames_session_lead_start", "session", "lead", "start"),
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
    """Open ecg.db, making file, tables and columns where they are missing."""
    engine = open_database(path)
    metadata.create_all(engine)
    if _missing(engine):
        _add_missing(engine)
    return engine


def _missing(engine: Engine | Connection) -> list[Column[str]]:
    known = {column["name"] for column in inspect(engine).get_columns(sessions.name)}
    return [column for column in sessions.columns if column.name not in known]


def _add_missing(engine: Engine) -> None:
    """Add the columns of sessions that an older file lacks, unless another process just did."""
    with writing(engine) as connection:
        for column in _missing(connection):
            definition = CreateColumn(column).compile(dialect=engine.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {sessions.name} ADD COLUMN {definition}")
