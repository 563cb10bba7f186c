"""Heart beats as the evidence of findings that were made without an ECG."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "tachograms",
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("beats", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["finding_id"], ["findings.id"], name=op.f("fk_tachograms_finding_id")
        ),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_tachograms")),
    )
