"""Whether a linked wearable's sync is well; success that brings nothing for long is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select

from config.clinical import load
from wearable_agg.intake import jobs
from wearable_agg.people.accounts import ACTIVE, BROKEN, UNLINKED
from wearable_agg.people.consents import permitted_topics
from wearable_agg.people.features import features_off
from wearable_agg.store.clock import from_micros
from wearable_agg.store.intake_tables import sync_jobs
from wearable_agg.store.people_tables import vendor_accounts

CONSENT_ENDED = "the patient's consent has ended"
REMARKS = {
    "rhythm_notification": (
        "notices of an irregular rhythm are switched off: that none comes says nothing"
    )
}
"""By the feature that is off."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an account's sync is: `reason` says what is wrong, empty where nothing is.

    Where it has `ended` nothing is wrong: `reason` says then whether consent did. `remarks` are
    what to know of what an account that is well cannot tell.
    """

    reason: str
    last_data: datetime | None
    ended: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reason or self.ended


def health_of(
    connection: Connection, account_id: int, poll_seconds: int, now: datetime | None = None
) -> Health:
    """Judge an account's sync; raises sqlalchemy.exc.NoResultFound for an unknown account.

    Its limits are in config/clinical/silence.toml.
    """
    row = connection.execute(
        select(
            vendor_accounts.c.vendor,
            vendor_accounts.c.person_id,
            vendor_accounts.c.status,
            vendor_accounts.c.linked_at,
            vendor_accounts.c.last_sync_at,
            vendor_accounts.c.last_data_at,
        ).where(vendor_accounts.c.id == account_id)
    ).one()
    last_data = None if row.last_data_at is None else from_micros(row.last_data_at)
    if not permitted_topics(connection, row.person_id):
        return Health(CONSENT_ENDED, last_data, ended=True)
    if row.status != ACTIVE:
        reason = "the link is broken: link again" if row.status == BROKEN else ""
        return Health(reason, last_data, ended=row.status == UNLINKED)
    return Health(
        _stopped(row.linked_at, row.last_sync_at, poll_seconds, now or datetime.now(UTC))
        or _refused(connection, account_id)
        or _silent(row.vendor, row.linked_at, row.last_data_at, now or datetime.now(UTC)),
        last_data,
        remarks=tuple(REMARKS[name] for name in features_off(connection, account_id)),
    )


def _stopped(linked_at: int, last_sync_at: int | None, poll_seconds: int, now: datetime) -> str:
    limits = load("silence")["stopped"]
    patience = max(
        timedelta(seconds=limits["polls"] * poll_seconds), timedelta(hours=limits["least_hours"])
    )
    since = from_micros(linked_at if last_sync_at is None else last_sync_at)
    if now - since <= patience:
        return ""
    return f"no sync has succeeded for {_length(now - since)}"


def _refused(connection: Connection, account_id: int) -> str:
    count, kind = connection.execute(
        select(func.count(), func.min(sync_jobs.c.kind)).where(
            sync_jobs.c.account_id == account_id, sync_jobs.c.state == jobs.FAILED
        )
    ).one()
    return f"the vendor refuses {count} requests, first of {kind}" if count else ""


def _silent(vendor: str, linked_at: int, last_data_at: int | None, now: datetime) -> str:
    hours = load("silence")["hours"]
    since = from_micros(linked_at if last_data_at is None else last_data_at)
    if now - since <= timedelta(hours=hours.get(vendor, hours["usual"])):
        return ""
    return f"syncs succeed, and nothing new has come for {_length(now - since)}"


def _length(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return f"{hours // 24} days" if hours >= 48 else f"{max(1, hours)} h"
