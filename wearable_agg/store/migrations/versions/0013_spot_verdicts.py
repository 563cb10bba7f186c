"""Our own verdict on a recording has no probability: it was not calibrated."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take out what was kept of it."""
    op.drop_column("spot_verdicts", "probability")
