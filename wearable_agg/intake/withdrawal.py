"""Ending what a person allowed: nothing more is taken in or asked for, and the vendor is told."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from safeguards.audit import record
from wearable_agg.intake import jobs
from wearable_agg.people import consents
from wearable_agg.people.accounts import UNLINKED, Account, accounts_of, set_status
from wearable_agg.people.registry import people_of
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.vendors.protocol import Window
from wearable_agg.vendors.registry import READERS


def withdraw(
    connection: Connection, tenant: str, person_id: int, topics: Collection[str], actor: str
) -> None:
    """Withdraw consent of a person, and of those merged into them, for these topics.

    In the caller's write transaction.

    Where nothing is allowed any more, every account is unlinked and revoked at its vendor.
    """
    for each in people_of(connection, person_id):
        ended = sorted(set(topics) & consents.permitted_topics(connection, each))
        consents.revoke(connection, each, ended)
        _audit(connection, tenant, each, actor, "consent.withdrawn", {"topics": ended})
    if not consents.permitted_topics(connection, person_id):
        for account in accounts_of(connection, person_id):
            if account.status != UNLINKED:
                unlink(connection, account, actor)


def unlink(connection: Connection, account: Account, actor: str) -> None:
    """End a link in the caller's write transaction.

    From its commit on nothing is fetched, and a device's token is no longer good; a job tells the
    vendor, for as long as that takes, where there is one to be told.
    """
    set_status(connection, account.id, UNLINKED)
    jobs.forget(connection, account.id)
    if account.vendor not in READERS:
        now = from_micros(now_micros())
        jobs.schedule(connection, account.tenant, account.id, jobs.REVOKE, [Window(now, now)])
    detail = {"vendor": account.vendor, "account": account.id}
    _audit(connection, account.tenant, account.person_id, actor, "vendor.unlinked", detail)


def _audit(
    connection: Connection,
    tenant: str,
    person_id: int,
    actor: str,
    action: str,
    detail: dict[str, object],
) -> None:
    record(
        connection,
        tenant=tenant,
        actor=actor,
        action=action,
        entity=f"person/{person_id}",
        detail=detail,
    )
