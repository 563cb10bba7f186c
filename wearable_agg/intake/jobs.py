"""What is still to be fetched: one row per account, kind and window, gone when it is fetched."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from wearable_agg.intake import budgets
from wearable_agg.intake.budgets import AS_DOCUMENTED, Left
from wearable_agg.people import consents as consent
from wearable_agg.people.accounts import ACTIVE
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.intake_tables import sync_jobs
from wearable_agg.store.people_tables import consents, vendor_accounts
from wearable_agg.vendors.limits import Scales
from wearable_agg.vendors.protocol import Page, Window

DUE, REFUSED, FAILED = "due", "refused", "failed"
SUBSCRIBE = "@subscribe"
"""The kind of the job that asks a vendor for notifications instead of data."""

REVOKE = "@revoke"
"""The kind of the job that ends the grant at the vendor, after the person has unlinked."""

LEASE = timedelta(seconds=30)
_MICROSECOND = timedelta(microseconds=1)
_WITH_THE_LINK = timedelta(seconds=5) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of fetching that this process has leased."""

    id: int
    tenant: str
    account_id: int
    vendor: str
    kind: str
    window: Window
    cursor: str | None
    attempts: int
    notified: bool = False
    changed_until: datetime | None = None

    def after(self, page: Page) -> Job:
        """Return the job as it stands when this page of it is kept."""
        told = [one for one in (self.changed_until, page.changed_until) if one is not None]
        return replace(self, cursor=page.next, changed_until=max(told, default=None))


def schedule(
    connection: Connection,
    tenant: str,
    account_id: int,
    kind: str,
    windows: Iterable[Window],
    *,
    notified: bool = False,
) -> None:
    """Add jobs; a window that an unbegun job of the same kind already covers is left out.

    `notified` says that the vendor told of a change there: what the window lacks when it is
    fetched whole is deleted.
    """
    now = now_micros()
    for window in windows:
        if _is_covered(connection, account_id, kind, window, notified):
            continue
        connection.execute(
            sync_jobs.insert().values(
                tenant=tenant,
                account_id=account_id,
                kind=kind,
                window_start=to_micros(window.start),
                window_end=to_micros(window.end),
                changed_since=window.changed_since and to_micros(window.changed_since),
                state=DUE,
                notified=notified,
                not_before=now,
                created_at=now,
                updated_at=now,
            )
        )


def any_due(
    connection: Connection,
    vendors: Collection[str],
    accounts: Collection[int] | None = None,
    scales: Scales = AS_DOCUMENTED,
) -> bool:
    """Tell whether `claim` would find anything."""
    due = _affordable(_due(vendors, accounts), budgets.left(connection, vendors, scales))
    return connection.execute(due.limit(1)).first() is not None


def claim(
    connection: Connection,
    vendors: Collection[str],
    limit: int,
    accounts: Collection[int] | None = None,
    scales: Scales = AS_DOCUMENTED,
) -> list[Job]:
    """Lease due jobs of active accounts whose person allows anything, and count their requests.

    Accounts take turns: whoever had less of the last minute goes first; of one account the newest
    window. What the vendors' limits leave no room for stays. In a write transaction that no other
    shares. What remains to be done for an account that was unlinked is to revoke its grant.
    """
    left = budgets.left(connection, vendors, scales)
    rows = connection.execute(
        _in_turn(_affordable(_due(vendors, accounts), left))
        .limit(limit)
        .with_for_update(skip_locked=True, of=sync_jobs)
    ).all()
    rows = [row for row in rows if left.take(row.vendor, row.account_id)]
    for row in rows:
        budgets.count(connection, row.vendor, row.account_id)
    lease = now_micros() + LEASE // _MICROSECOND
    _set(connection, [row.id for row in rows], leased_until=lease)
    return [
        Job(
            id=row.id,
            tenant=row.tenant,
            account_id=row.account_id,
            vendor=row.vendor,
            kind=row.kind,
            window=Window(
                from_micros(row.window_start),
                from_micros(row.window_end),
                None if row.changed_since is None else from_micros(row.changed_since),
            ),
            cursor=row.cursor,
            attempts=row.attempts,
            notified=row.notified,
            changed_until=None if row.changed_until is None else from_micros(row.changed_until),
        )
        for row in rows
    ]


def _affordable(due: Select[Any], left: Left) -> Select[Any]:
    return due.where(
        vendor_accounts.c.vendor.not_in(list(left.exhausted())),
        vendor_accounts.c.id.not_in(list(left.exhausted_users())),
    )


def _in_turn(due: Select[Any]) -> Select[Any]:
    """Order due jobs by what their account had in the last minute and would have before them."""
    newest = (sync_jobs.c.window_end.desc(), sync_jobs.c.id)
    place = func.row_number().over(partition_by=sync_jobs.c.account_id, order_by=newest)
    places = due.with_only_columns(sync_jobs.c.id, place.label("place")).subquery()
    spent = budgets.spent_by_account()
    turn = places.c.place + func.coalesce(spent.c.requests, 0)
    return (
        due.join(places, places.c.id == sync_jobs.c.id)
        .outerjoin(spent, spent.c.account_id == sync_jobs.c.account_id)
        .order_by(turn, *newest)
    )


def is_wanted(connection: Connection, account_id: int) -> bool:
    """Tell whether anything may still be asked of the vendor about this account."""
    wanted = select(vendor_accounts.c.id).where(vendor_accounts.c.id == account_id, _is_wanted())
    return connection.execute(wanted).first() is not None


def advance(connection: Connection, job: Job) -> None:
    """Remember where the next page begins, and keep the lease."""
    lease = now_micros() + LEASE // _MICROSECOND
    until = job.changed_until and to_micros(job.changed_until)
    _set(
        connection,
        [job.id],
        cursor=job.cursor,
        changed_until=until,
        attempts=0,
        leased_until=lease,
    )


def finish(connection: Connection, job: Job) -> None:
    """The window is fetched whole."""
    connection.execute(delete(sync_jobs).where(sync_jobs.c.id == job.id))
    connection.execute(
        update(vendor_accounts)
        .where(vendor_accounts.c.id == job.account_id)
        .values(last_sync_at=now_micros())
    )


def drop(connection: Connection, job: Job) -> None:
    """Forget a job that is done, though it brought nothing."""
    connection.execute(delete(sync_jobs).where(sync_jobs.c.id == job.id))


def postpone(connection: Connection, job: Job, seconds: float, reason: str) -> None:
    """Try this job again after `seconds`."""
    later = now_micros() + round(seconds * 1_000_000)
    attempts = job.attempts + 1
    _set(connection, [job.id], not_before=later, leased_until=0, attempts=attempts, reason=reason)


def hold_account(connection: Connection, account_id: int, seconds: float) -> None:
    """Let nothing of this account begin for `seconds`: its budget at the vendor is spent."""
    later = now_micros() + round(seconds * 1_000_000)
    connection.execute(
        update(sync_jobs)
        .where(
            sync_jobs.c.account_id == account_id,
            sync_jobs.c.state == DUE,
            sync_jobs.c.not_before < later,
        )
        .values(not_before=later)
    )


def hold_vendor(connection: Connection, vendor: str, seconds: float) -> None:
    """Let nothing of any account begin for `seconds`: our budget as an application is spent."""
    later = now_micros() + round(seconds * 1_000_000)
    of_vendor = select(vendor_accounts.c.id).where(vendor_accounts.c.vendor == vendor)
    connection.execute(
        update(sync_jobs)
        .where(
            sync_jobs.c.account_id.in_(of_vendor),
            sync_jobs.c.state == DUE,
            sync_jobs.c.not_before < later,
        )
        .values(not_before=later)
    )


def give_back(connection: Connection, job: Job) -> None:
    """End the lease so that any process can go on with the job at once."""
    _set(connection, [job.id], leased_until=0)


def give_up(connection: Connection, job: Job, state: str, reason: str) -> None:
    """Stop a job for good: REFUSED (not granted) or FAILED (the request itself is wrong)."""
    _set(connection, [job.id], state=state, reason=reason, leased_until=0)


def kinds_left_out(connection: Connection, account_id: int, since: datetime) -> frozenset[str]:
    """Return the kinds that were not granted, or that still wait for a window after `since`."""
    return frozenset(
        connection.execute(
            select(sync_jobs.c.kind).where(
                sync_jobs.c.account_id == account_id,
                or_(
                    sync_jobs.c.state == REFUSED,
                    and_(
                        sync_jobs.c.state == DUE,
                        sync_jobs.c.window_end > to_micros(since),
                    ),
                ),
            )
        ).scalars()
    )


def fetched_back_to(connection: Connection, account_id: int) -> datetime | None:
    """Return from when on everything is fetched while the history before the link is not.

    None where the whole history has been fetched. The jobs of it were made with the link.
    """
    history = (
        select(func.max(sync_jobs.c.window_end))
        .join(vendor_accounts, vendor_accounts.c.id == sync_jobs.c.account_id)
        .where(
            sync_jobs.c.account_id == account_id,
            sync_jobs.c.state == DUE,
            sync_jobs.c.kind.not_in([SUBSCRIBE, REVOKE]),
            sync_jobs.c.created_at < vendor_accounts.c.linked_at + _WITH_THE_LINK,
        )
    )
    newest = connection.execute(history).scalar()
    return None if newest is None else from_micros(newest)


def forget(connection: Connection, account_id: int) -> None:
    """Drop every job of an account."""
    connection.execute(delete(sync_jobs).where(sync_jobs.c.account_id == account_id))


def _due(vendors: Collection[str], accounts: Collection[int] | None) -> Select[Any]:
    """Select what is due; `accounts` are the only ones to be served, where they are named."""
    now = now_micros()
    due = (
        select(sync_jobs, vendor_accounts.c.vendor)
        .join(vendor_accounts, vendor_accounts.c.id == sync_jobs.c.account_id)
        .where(
            sync_jobs.c.state == DUE,
            sync_jobs.c.not_before <= now,
            sync_jobs.c.leased_until < now,
            vendor_accounts.c.vendor.in_(list(vendors)),
            or_(sync_jobs.c.kind == REVOKE, _is_wanted()),
        )
    )
    return due if accounts is None else due.where(sync_jobs.c.account_id.in_(list(accounts)))


def _is_wanted() -> ColumnElement[bool]:
    allows = exists().where(consents.c.person_id == vendor_accounts.c.person_id, consent.in_force())
    return and_(vendor_accounts.c.status == ACTIVE, allows)


def _is_covered(
    connection: Connection, account_id: int, kind: str, window: Window, notified: bool
) -> bool:
    since = window.changed_since
    covering = select(sync_jobs.c.id).where(
        sync_jobs.c.account_id == account_id,
        sync_jobs.c.kind == kind,
        sync_jobs.c.state == DUE,
        sync_jobs.c.cursor.is_(None),
        sync_jobs.c.leased_until < now_micros(),
        sync_jobs.c.window_start <= to_micros(window.start),
        sync_jobs.c.window_end >= to_micros(window.end),
        sync_jobs.c.changed_since.is_(None)
        if since is None
        else sync_jobs.c.changed_since <= to_micros(since),
    )
    if notified:
        covering = covering.where(sync_jobs.c.notified)
    return connection.execute(covering.limit(1)).scalar() is not None


def _set(connection: Connection, ids: list[int], **values: object) -> None:
    connection.execute(
        update(sync_jobs).where(sync_jobs.c.id.in_(ids)).values(updated_at=now_micros(), **values)
    )
