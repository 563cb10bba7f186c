"""What explains a finding, and our own verdicts on ECGs that people took themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add probability and evidence to episodes and findings, and the table of our verdicts."""
    for table in ("episodes", "findings"):
        op.add_column(table, sa.Column("probability", sa.Float()))
        op.add_column(table, sa.Column("evidence", sa.Text(), nullable=False, server_default="{}"))
    op.create_table(
        "spot_verdicts",
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("recording_version", sa.Integer(), nullable=False),
        sa.Column("decider", sa.String(), nullable=False),
        sa.Column("decider_version", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("probability", sa.Float()),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["ecg_recordings.id"]),
        sa.PrimaryKeyConstraint("recording_id"),
    )
    waveforms = sa.text("samples IS NOT NULL")
    op.create_index(
        "ix_ecg_recordings_waveforms",
        "ecg_recordings",
        ["id", "version", "person_id"],
        sqlite_where=waveforms,
        postgresql_where=waveforms,
    )
