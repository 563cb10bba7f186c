"""What a poll came to: the accounts it asks, what is new since, and what the vendor put off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from wearable_agg.intake import jobs
from wearable_agg.measurements.sources import vendor_of
from wearable_agg.people.accounts import ACTIVE, Account, account
from wearable_agg.store.clock import now_micros
from wearable_agg.store.intake_tables import sync_jobs
from wearable_agg.store.measurement_tables import measurements, series
from wearable_agg.store.people_tables import vendor_accounts


@dataclass(frozen=True, slots=True)
class Change:
    """How many values of a type are new, and how many were corrected."""

    type: str
    new: int
    amended: int


def accounts_to_poll(
    connection: Connection, person_id: int | None, vendors: Collection[str]
) -> list[Account]:
    """Return the active accounts at these vendors, of one person where they are named."""
    query = select(vendor_accounts.c.id).where(
        vendor_accounts.c.status == ACTIVE, vendor_accounts.c.vendor.in_(list(vendors))
    )
    if person_id is not None:
        query = query.where(vendor_accounts.c.person_id == person_id)
    numbers = list(connection.execute(query.order_by(vendor_accounts.c.id)).scalars())
    return [account(connection, number) for number in numbers]


def changes_since(connection: Connection, person_id: int, vendor: str, since: int) -> list[Change]:
    """Return what a vendor brought of a person since an instant (microseconds), by type."""
    amended = func.sum(case((measurements.c.version > 1, 1), else_=0))
    rows = connection.execute(
        select(series.c.type, series.c.source, func.count(), amended)
        .join(measurements, measurements.c.series_id == series.c.id)
        .where(series.c.person_id == person_id, measurements.c.recorded_at >= since)
        .group_by(series.c.type, series.c.source)
        .order_by(series.c.type, series.c.source)
    )
    return [
        Change(kind, total - corrected, corrected)
        for kind, source, total, corrected in rows
        if vendor_of(source) == vendor
    ]


def held_back(connection: Connection, account_id: int) -> list[str]:
    """Return why jobs of an account wait or were given up, each reason once.

    Those that only wait for the vendor's limit are counted, last.
    """
    rows = connection.execute(
        select(sync_jobs.c.reason)
        .where(sync_jobs.c.account_id == account_id, sync_jobs.c.reason.is_not(None))
        .where(sync_jobs.c.state.in_([jobs.DUE, jobs.FAILED]))
        .distinct()
        .order_by(sync_jobs.c.reason)
    )
    reasons = list(rows.scalars())
    waiting = connection.execute(
        select(func.count()).where(
            sync_jobs.c.account_id == account_id,
            sync_jobs.c.state == jobs.DUE,
            sync_jobs.c.reason.is_(None),
            sync_jobs.c.not_before <= now_micros(),
            sync_jobs.c.leased_until < now_micros(),
        )
    ).scalar_one()
    if waiting:
        reasons.append(f"{waiting} requests wait for the vendor's limit of requests a minute")
    return reasons
