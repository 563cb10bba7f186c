"""Which version of a vendor's algorithm decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it to recordings and notices."""
    for table in ("ecg_recordings", "rhythm_notices"):
        column = sa.Column("algorithm", sa.String(), nullable=False, server_default="")
        op.add_column(table, column)
