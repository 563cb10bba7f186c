"""The audit trail: one row for each read of patient data and each act, in the act's transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, Text

from safeguards.strict_json import dumps


def audit_table(metadata: MetaData) -> Table:
    """Declare the audit table in a store's metadata."""
    return Table(
        "audit",
        metadata,
        Column("sequence", Integer, primary_key=True, autoincrement=True),
        Column("at", BigInteger, nullable=False),
        Column("tenant", String, nullable=False, index=True),
        Column("actor", String, nullable=False),
        Column("action", String, nullable=False),
        Column("entity", String, nullable=False, index=True),
        Column("detail", Text, nullable=False),
    )


_AUDIT = audit_table(MetaData())


def record(
    connection: Connection,
    *,
    tenant: str,
    actor: str,
    action: str,
    entity: str,
    detail: Mapping[str, object],
) -> None:
    """Write one audit row in the caller's transaction, which fails where this fails."""
    connection.execute(
        _AUDIT.insert().values(
            at=time.time_ns() // 1000,
            tenant=tenant,
            actor=actor,
            action=action,
            entity=entity,
            detail=dumps(dict(detail)),
        )
    )
