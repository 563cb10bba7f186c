"""Whether functions of vendors are at work that a person has to switch on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "vendor_features",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("feature", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("at_work", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["vendor_accounts.id"]),
        sa.PrimaryKeyConstraint("account_id", "feature"),
    )
