"""What vendors withdrew, ECGs and notices, imports, stated sources, and when data last came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column(
        "measurements", sa.Column("told_at", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.add_column(
        "measurement_history",
        sa.Column("retracted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_measurement_history_retracted",
        "measurement_history",
        ["series_id"],
        unique=False,
        sqlite_where=sa.text("retracted"),
        postgresql_where=sa.text("retracted"),
    )
    op.add_column("vendor_accounts", sa.Column("last_data_at", sa.BigInteger()))
    op.add_column("inbox", sa.Column("job_id", sa.Integer()))
    op.add_column(
        "inbox",
        sa.Column("replayed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "sync_jobs",
        sa.Column("notified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_inbox_job",
        "inbox",
        ["job_id"],
        unique=False,
        sqlite_where=sa.text("job_id IS NOT NULL"),
        postgresql_where=sa.text("job_id IS NOT NULL"),
    )
    _retractions()
    _source_preferences()
    _imports()
    _ecg_recordings()
    _rhythm_notices()


def _retractions() -> None:
    op.create_table(
        "retractions",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("retracted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_retractions_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "vendor", "vendor_id", name=op.f("pk_retractions")),
        sqlite_with_rowid=False,
    )


def _source_preferences() -> None:
    op.create_table(
        "source_preferences",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("sources", sa.String(), nullable=False),
        sa.Column("stated_by", sa.String(), nullable=False),
        sa.Column("stated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_source_preferences_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", "type", name=op.f("pk_source_preferences")),
        sqlite_with_rowid=False,
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_imports_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("person_id", "digest", name=op.f("uq_imports_person_id_digest")),
        sqlite_autoincrement=True,
    )


def _ecg_recordings() -> None:
    op.create_table(
        "ecg_recordings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("second", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("offset_seconds", sa.Integer()),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("vendor_verdict", sa.String(), nullable=False),
        sa.Column("mean_heart_rate", sa.Float()),
        sa.Column("rate", sa.Float()),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("samples", sa.LargeBinary()),
        sa.Column("flaw", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_ecg_recordings_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ecg_recordings")),
        sa.UniqueConstraint(
            "person_id",
            "source",
            "second",
            name=op.f("uq_ecg_recordings_person_id_source_second"),
        ),
        sqlite_autoincrement=True,
    )


def _rhythm_notices() -> None:
    op.create_table(
        "rhythm_notices",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("offset_seconds", sa.Integer()),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("vendor_said", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_rhythm_notices_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rhythm_notices")),
        sa.UniqueConstraint(
            "person_id",
            "source",
            "kind",
            "start",
            "end",
            name=op.f("uq_rhythm_notices_person_id_source_kind_start_end"),
        ),
        sqlite_autoincrement=True,
    )
