"""Episodes that ended because their stream fell silent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark to episodes."""
    op.add_column(
        "episodes",
        sa.Column("went_silent", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
