"""What was seen of each EHR, kept: without it nothing is written there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    delete,
    insert,
    select,
    update,
)

from safeguards.audit import record
from safeguards.strict_json import dumps, loads
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.states import State
from wearable_agg.store.clock import to_micros
from wearable_agg.store.delivery_tables import chart_probes
from wearable_agg.store.outbox_tables import UNSETTLED, outbox

UNPROBED = "Write-back is off: this EHR has not been probed (wristchart ehr probe)"
"""Why nothing is sent to an EHR of which nothing was seen."""


def keep(
    connection: Connection, tenant: str, issuer: str, personality: Personality, now: datetime
) -> None:
    """Keep what a probe of the tenant's EHR saw, in place of what an earlier one did."""
    connection.execute(delete(chart_probes).where(chart_probes.c.tenant == tenant))
    connection.execute(
        insert(chart_probes).values(
            tenant=tenant,
            issuer=issuer,
            personality=dumps(personality.to_document()),
            probed_at=to_micros(now),
        )
    )
    record(
        connection,
        tenant=tenant,
        actor="operator",
        action="ehr.probed",
        entity=f"ehr/{tenant}",
        detail={"route": personality.route},
    )


def personalities(connection: Connection) -> dict[str, Personality]:
    """Return what is known of every probed EHR, by tenant."""
    rows = connection.execute(select(chart_probes.c.tenant, chart_probes.c.personality))
    return {tenant: Personality.from_document(loads(text)) for tenant, text in rows}


def awaits_probe(connection: Connection, tenant: str) -> bool:
    """Tell whether something of the tenant waits without being told why."""
    waiting = select(outbox.c.id).where(*_waiting(tenant)).limit(1)
    return connection.execute(waiting).first() is not None


def say_unprobed(connection: Connection, tenant: str) -> None:
    """Say of each write of a tenant that waits that its EHR has not been probed."""
    connection.execute(update(outbox).where(*_waiting(tenant)).values(reason=UNPROBED))


def _waiting(tenant: str) -> tuple[ColumnElement[bool] | TextClause, ...]:
    pending = outbox.c.state == State.PENDING
    return UNSETTLED, outbox.c.tenant == tenant, pending, outbox.c.reason.is_(None)
