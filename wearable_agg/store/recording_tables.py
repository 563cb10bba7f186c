"""ECGs that people took themselves, and what vendors told them about their rhythm.

Instants are microseconds since the epoch. A recording is known by the whole second it began in:
the same ECG comes with and without fractions, by the way it takes.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
    text,
)

from wearable_agg.store.metadata import metadata

_WITH_WAVEFORM = text("samples IS NOT NULL")

ecg_recordings = Table(
    "ecg_recordings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("source", String, nullable=False),
    Column("second", BigInteger, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("offset_seconds", Integer),
    Column("device", String, nullable=False),
    Column("vendor_id", String, nullable=False),
    Column("algorithm", String, nullable=False, server_default=""),
    Column("verdict", String, nullable=False),
    Column("vendor_verdict", String, nullable=False),
    Column("mean_heart_rate", Float),
    Column("rate", Float),
    Column("lead", String, nullable=False),
    Column("site", String, nullable=False),
    Column("samples", LargeBinary),
    Column("flaw", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    UniqueConstraint("person_id", "source", "second"),
    Index(
        "ix_ecg_recordings_waveforms",
        "id",
        "version",
        "person_id",
        sqlite_where=_WITH_WAVEFORM,
        postgresql_where=_WITH_WAVEFORM,
    ),
    sqlite_autoincrement=True,
)

rhythm_notices = Table(
    "rhythm_notices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("person_id", ForeignKey("persons.id"), nullable=False),
    Column("source", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("offset_seconds", Integer),
    Column("device", String, nullable=False),
    Column("vendor_id", String, nullable=False),
    Column("algorithm", String, nullable=False, server_default=""),
    Column("said", String, nullable=False),
    Column("vendor_said", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    UniqueConstraint("person_id", "source", "kind", "start", "end"),
    sqlite_autoincrement=True,
)

spot_verdicts = Table(
    "spot_verdicts",
    metadata,
    Column("recording_id", ForeignKey("ecg_recordings.id"), primary_key=True),
    Column("recording_version", Integer, nullable=False),
    Column("decider", String, nullable=False),
    Column("decider_version", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("said", String, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
)
