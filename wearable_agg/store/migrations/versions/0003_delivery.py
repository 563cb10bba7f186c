"""Probes of EHRs, the fence of delivery, the work-list, reconciliations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEWS = sa.text("kind = 'flag' AND state IN ('inflight', 'unknown', 'done')")


def upgrade() -> None:
    """Add the tables, and an index of what is in charts by time."""
    op.create_index(
        "ix_outbox_news",
        "outbox",
        ["tenant", "updated_at"],
        unique=False,
        sqlite_where=NEWS,
        postgresql_where=NEWS,
    )
    _chart_probes()
    _delivery_fence()
    _worklist()
    _reconciliations()


def _chart_probes() -> None:
    op.create_table(
        "chart_probes",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("personality", sa.Text(), nullable=False),
        sa.Column("probed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_chart_probes")),
    )


def _delivery_fence() -> None:
    op.create_table(
        "delivery_fence",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sends", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_fence")),
    )


def _worklist() -> None:
    op.create_table(
        "worklist",
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("finding_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.Column("seen_by", sa.String()),
        sa.PrimaryKeyConstraint(
            "tenant", "issuer", "patient_id", "finding_id", name=op.f("pk_worklist")
        ),
    )
    op.create_index("ix_worklist_tenant_added_at", "worklist", ["tenant", "added_at"], unique=False)


def _reconciliations() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("sent_again", sa.Integer(), nullable=False),
        sa.Column("taken_back", sa.Integer(), nullable=False),
        sa.Column("strange", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_index(
        "ix_reconciliations_tenant_issuer",
        "reconciliations",
        ["tenant", "issuer", "id"],
        unique=False,
    )
