"""What a vendor's notification leads to: fetching, or the end of a link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection

from safeguards.audit import record
from wearable_agg.intake import jobs
from wearable_agg.people.accounts import (
    ACTIVE,
    UNLINKED,
    Account,
    account_of_user,
    set_status,
)
from wearable_agg.people.consents import permitted_topics
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.vendors.protocol import LOOK_BACK, Notification, Vendor, Window

MARGIN = timedelta(days=1)
"""Vendors correct what lies beside the interval they name."""


def react(
    connection: Connection, vendors: Mapping[str, Vendor], vendor_id: str, said: Notification
) -> str | None:
    """Schedule what a notification asks for; returns why nothing was scheduled, or None."""
    account = account_of_user(connection, vendor_id, said.vendor_user_id)
    if account is None:
        return "unknown user"
    if said.action == "unlinked":
        set_status(connection, account.id, UNLINKED)
        jobs.forget(connection, account.id)
        return None
    if account.status != ACTIVE:
        return _dropped(connection, account, f"the link is {account.status}")
    if not permitted_topics(connection, account.person_id):
        return _dropped(connection, account, "no consent")
    _schedule(connection, vendors[vendor_id], account, said)
    return None


def _dropped(connection: Connection, account: Account, why: str) -> str:
    record(
        connection,
        tenant=account.tenant,
        actor=account.vendor,
        action="notification.dropped",
        entity=f"person/{account.person_id}",
        detail={"account": account.id, "why": why},
    )
    return why


def _schedule(connection: Connection, vendor: Vendor, account: Account, said: Notification) -> None:
    window = _widened(said.window)
    for kind in vendor.kinds:
        if not said.kinds or kind in said.kinds:
            windows = vendor.backfill_windows(kind, window)
            jobs.schedule(
                connection, account.tenant, account.id, kind, windows, notified=bool(said.window)
            )


def _widened(window: Window | None) -> Window:
    if window is None:
        now = from_micros(now_micros())
        return Window(now - LOOK_BACK, now)
    return Window(window.start - MARGIN, window.end + MARGIN)
