"""Consent that ends, proof of who the patient is, answered requests, work items, merged people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and columns; link states, which live for minutes, begin anew."""
    op.add_column("consents", sa.Column("expires_at", sa.BigInteger()))
    op.add_column("ehr_patients", sa.Column("replaced_by", sa.String()))
    op.add_column("invitations", sa.Column("proof_hash", sa.String()))
    op.add_column("invitations", _counted("tries", sa.Integer()))
    op.add_column("invitations", _counted("tried_at", sa.BigInteger()))
    op.add_column("persons", sa.Column("merged_into", sa.Integer()))
    op.create_index(op.f("ix_persons_merged_into"), "persons", ["merged_into"])
    op.drop_table("link_states")
    _link_states()
    _patient_sessions()
    _work_items()
    _person_merges()
    _answered_requests()


def _counted(name: str, kind: sa.types.TypeEngine[int]) -> sa.Column[int]:
    return sa.Column(name, kind, server_default="0", nullable=False)


def _link_states() -> None:
    op.create_table(
        "link_states",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("invitation_hash", sa.String()),
        sa.Column("person_id", sa.Integer()),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["invitation_hash"],
            ["invitations.token_hash"],
            name=op.f("fk_link_states_invitation_hash"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_link_states_person_id")
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_link_states")),
    )
    op.create_index("ix_link_states_expires", "link_states", ["expires_at"])


def _patient_sessions() -> None:
    op.create_table(
        "patient_sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("invited_by_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_patient_sessions_person_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_patient_sessions")),
    )
    op.create_index(op.f("ix_patient_sessions_expires_at"), "patient_sessions", ["expires_at"])


def _work_items() -> None:
    op.create_table(
        "work_items",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger()),
        sa.Column("settled_by", sa.String()),
        sa.Column("settled_by_name", sa.String()),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_work_items_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
    )
    op.create_index(op.f("ix_work_items_person_id"), "work_items", ["person_id"])


def _person_merges() -> None:
    op.create_table(
        "person_merges",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("retired_patient", sa.String(), nullable=False),
        sa.Column("surviving_patient", sa.String(), nullable=False),
        sa.Column("retired_person", sa.Integer(), nullable=False),
        sa.Column("surviving_person", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("undone_by", sa.String()),
        sa.ForeignKeyConstraint(
            ["retired_person"], ["persons.id"], name=op.f("fk_person_merges_retired_person")
        ),
        sa.ForeignKeyConstraint(
            ["surviving_person"], ["persons.id"], name=op.f("fk_person_merges_surviving_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merges")),
        sqlite_autoincrement=True,
    )


def _answered_requests() -> None:
    op.create_table(
        "answered_requests",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_answered_requests")),
    )
    op.create_index(op.f("ix_answered_requests_claimed_at"), "answered_requests", ["claimed_at"])
