"""What is left of vendors' rate limits, counted ahead by all pollers together.

Each request is counted, committed, before it is sent: so no limit is exceeded in any minute,
whichever process asks and however often one is killed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, Subquery, delete, func, select

from wearable_agg.store.clock import now_micros
from wearable_agg.store.intake_tables import vendor_requests
from wearable_agg.store.upserts import insert
from wearable_agg.vendors.limits import LIMITS, Scales, limits_of, usable

SLOT = 5_000_000
"""Microseconds that are counted together."""

SLOTS = 13
"""A minute begins and ends within slots, so that it touches so many."""

AS_DOCUMENTED: Scales = {}
"""Of a site that every vendor allows what its documentation says."""


@dataclass(slots=True)
class Left:
    """What may still be asked in this minute; vendors without a limit are not in it."""

    application: dict[str, int] = field(default_factory=dict)
    newcomers: dict[str, int] = field(default_factory=dict)  # by vendor, for who asked nothing yet
    users: dict[int, int] = field(default_factory=dict)

    def exhausted(self) -> frozenset[str]:
        """Return the vendors of which nothing may be asked now."""
        return frozenset(name for name, left in self.application.items() if left <= 0)

    def exhausted_users(self) -> frozenset[int]:
        """Return the accounts on whose behalf nothing may be asked now."""
        return frozenset(number for number, left in self.users.items() if left <= 0)

    def take(self, vendor: str, account_id: int) -> bool:
        """Take one request out of what is left; False where there is none."""
        if vendor not in self.application:
            return True
        users = self.users.get(account_id, self.newcomers[vendor])
        if self.application[vendor] <= 0 or users <= 0:
            return False
        self.application[vendor] -= 1
        self.users[account_id] = users - 1
        return True


def left(connection: Connection, vendors: Collection[str], scales: Scales = AS_DOCUMENTED) -> Left:
    """Return what is left; to rely on it, hold the write lock until what is taken is counted."""
    found = Left()
    for vendor in vendors:
        limits = limits_of(vendor, scales)
        if limits is None:
            continue
        used = _spent_of(connection, vendor)
        found.application[vendor] = usable(limits.application) - sum(used.values())
        found.newcomers[vendor] = usable(limits.user)
        found.users |= {number: usable(limits.user) - spent for number, spent in used.items()}
    return found


def count(connection: Connection, vendor: str, account_id: int) -> None:
    """Count a request that is about to be sent, in the caller's write transaction."""
    if vendor not in LIMITS:
        return
    slot = now_micros() // SLOT
    key = {"vendor": vendor, "account_id": account_id, "slot": slot}
    connection.execute(
        insert(vendor_requests)
        .values(**key, requests=1)
        .on_conflict_do_update(
            index_elements=list(key), set_={"requests": vendor_requests.c.requests + 1}
        )
    )
    connection.execute(delete(vendor_requests).where(vendor_requests.c.slot <= slot - SLOTS))


def spend(
    connection: Connection, vendor: str, account_id: int, scales: Scales = AS_DOCUMENTED
) -> bool:
    """Count one more request where the limits allow it; False where they do not.

    In a write transaction of the caller's that no other shares.
    """
    allowed = left(connection, [vendor], scales).take(vendor, account_id)
    if allowed:
        count(connection, vendor, account_id)
    return allowed


def spent_by_account() -> Subquery:
    """Return a query of `account_id` and the `requests` of the last minute."""
    return (
        select(vendor_requests.c.account_id, func.sum(vendor_requests.c.requests).label("requests"))
        .where(vendor_requests.c.slot > now_micros() // SLOT - SLOTS)
        .group_by(vendor_requests.c.account_id)
        .subquery()
    )


def _spent_of(connection: Connection, vendor: str) -> dict[int, int]:
    rows = connection.execute(
        select(vendor_requests.c.account_id, func.sum(vendor_requests.c.requests))
        .where(
            vendor_requests.c.vendor == vendor,
            vendor_requests.c.slot > now_micros() // SLOT - SLOTS,
        )
        .group_by(vendor_requests.c.account_id)
    )
    return {int(account_id): int(spent) for account_id, spent in rows}
