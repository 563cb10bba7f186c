"""Linking a vendor account: tokens and the first jobs, stored as one."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine

from safeguards.audit import record
from safeguards.vault import Vault
from wearable_agg.intake import jobs
from wearable_agg.intake.sites import VendorSite
from wearable_agg.people import accounts, work_items
from wearable_agg.people.accounts import AccountTaken
from wearable_agg.people.consents import permitted_topics
from wearable_agg.people.registry import tenant_of, timezone_of
from wearable_agg.people.sessions import PatientSession
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Profile, Tokens, VendorError, Window

log = structlog.get_logger()


class NothingShared(Exception):
    """The person shares nothing, so that there is nothing a link could be for."""


class Linker:
    """Links vendor accounts to people who proved who they are."""

    def __init__(self, engine: Engine, vault: Vault, backfill_days: int) -> None:
        self._engine, self._vault = engine, vault
        self._backfill = timedelta(days=backfill_days)

    def link(self, session: PatientSession, site: VendorSite, code: str) -> None:
        """Trade the vendor's code for tokens and store everything that follows from it.

        Raises NothingShared, AccountTaken and what Vendor.exchange raises; then nothing is linked.
        An account that is somebody else's leaves a work item with both people's care teams.
        """
        tokens = site.vendor.exchange(site.http, site.app, code)
        profile = self._profile(session, site, tokens)
        try:
            with writing(self._engine) as connection:
                self._store(connection, session, site, tokens, profile)
        except AccountTaken as taken:
            with writing(self._engine) as connection:
                _report(connection, session, taken)
            raise

    def _store(
        self,
        connection: Connection,
        session: PatientSession,
        site: VendorSite,
        tokens: Tokens,
        profile: Profile,
    ) -> None:
        if not permitted_topics(connection, session.person_id):
            raise NothingShared
        account_id = accounts.link(
            connection,
            self._vault,
            tenant=session.tenant,
            person_id=session.person_id,
            vendor=site.vendor.id,
            tokens=tokens,
            profile=profile,
        )
        self._schedule(connection, session.tenant, account_id, site)
        detail: dict[str, object] = {"vendor": site.vendor.id, "invited_by": session.invited_by}
        _audit(connection, session, "vendor.linked", f"vendor-account/{account_id}", detail)

    def _profile(self, session: PatientSession, site: VendorSite, tokens: Tokens) -> Profile:
        """Read the profile; without one the person keeps the zone they have."""
        with self._engine.connect() as connection:
            known = timezone_of(connection, session.person_id).key
        try:
            profile = site.vendor.profile(site.http, site.app, tokens)
        except VendorError as error:
            log.warning("no profile", vendor=site.vendor.id, reason=str(error))
            return Profile(timezone=known, device="")
        return profile if _is_zone(profile.timezone) else Profile(known, profile.device)

    def _schedule(
        self, connection: Connection, tenant: str, account_id: int, site: VendorSite
    ) -> None:
        now = from_micros(now_micros())
        jobs.forget(connection, account_id)
        jobs.schedule(connection, tenant, account_id, jobs.SUBSCRIBE, [Window(now, now)])
        for kind in site.vendor.kinds:
            windows = site.vendor.backfill_windows(kind, self._whole(now))
            jobs.schedule(connection, tenant, account_id, kind, windows)

    def _whole(self, now: datetime) -> Window:
        return Window(now - self._backfill, now)


def _report(connection: Connection, session: PatientSession, taken: AccountTaken) -> None:
    """Tell both care teams; neither is told who the other person is."""
    for person_id in (session.person_id, taken.owner):
        tenant = tenant_of(connection, person_id)
        work_items.open_item(connection, tenant, person_id, work_items.SHARED_ACCOUNT, taken.vendor)
    detail = {"vendor": taken.vendor, "owner": taken.owner}
    _audit(connection, session, "vendor.refused", f"person/{session.person_id}", detail)


def _audit(
    connection: Connection,
    session: PatientSession,
    action: str,
    entity: str,
    detail: dict[str, object],
) -> None:
    record(
        connection,
        tenant=session.tenant,
        actor=f"person/{session.person_id}",
        action=action,
        entity=entity,
        detail=detail,
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
