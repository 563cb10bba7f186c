"""Which facts about the patient were not known when the rules were asked about a write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their names to writes."""
    op.add_column(
        "outbox", sa.Column("unknown_facts", sa.Text(), nullable=False, server_default="[]")
    )
