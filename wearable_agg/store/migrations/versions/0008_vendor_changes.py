"""Asking vendors for what they changed: up to when it is known, and looks that go by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of what is known, and what jobs ask by."""
    for column in ("changed_since", "changed_until"):
        op.add_column("sync_jobs", sa.Column(column, sa.BigInteger()))
    op.create_table(
        "vendor_changes",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("known_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["vendor_accounts.id"]),
        sa.PrimaryKeyConstraint("account_id", "kind"),
    )
