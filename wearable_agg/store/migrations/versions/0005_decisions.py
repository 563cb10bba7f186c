"""All that people decide about a finding, of which acknowledging it was the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = "uq_findings_one_open"
OPEN = sa.text("state IN ('open', 'acknowledged', 'confirmed')")


def upgrade() -> None:
    """Count confirmed findings as open ones; name what waits to be written by its new kind."""
    op.drop_index(INDEX, table_name="findings")
    columns = ["tenant", "person_id", "kind"]
    op.create_index(
        INDEX, "findings", columns, unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.execute("UPDATE outbox SET kind = 'decision' WHERE kind = 'acknowledgement'")
