"""Linking a vendor account: tokens, consent and the first jobs, stored as one."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine

from safeguards.audit import record
from safeguards.vault import Vault
from wearable_agg.intake import jobs
from wearable_agg.intake.sites import VendorSite
from wearable_agg.measurements.types import TOPICS
from wearable_agg.people import accounts, consents
from wearable_agg.people.invitations import Invitation, use_up
from wearable_agg.people.registry import timezone_of
from wearable_agg.store.clock import from_micros, now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Profile, Tokens, VendorError, Window

log = structlog.get_logger()


class Linker:
    """Links vendor accounts to invited people."""

    def __init__(self, engine: Engine, vault: Vault, backfill_days: int) -> None:
        self._engine, self._vault = engine, vault
        self._backfill = timedelta(days=backfill_days)

    def link(self, invitation: Invitation, site: VendorSite, code: str, wording: str) -> None:
        """Trade the vendor's code for tokens and store everything that follows from it.

        `wording` is the consent that the person was shown. Raises AccountTaken, InvitationRefused
        and what Vendor.exchange raises; then nothing is stored.
        """
        tokens = site.vendor.exchange(site.http, site.app, code)
        profile = self._profile(invitation, site, tokens)
        with writing(self._engine) as connection:
            use_up(connection, invitation)
            account_id = accounts.link(
                connection,
                self._vault,
                tenant=invitation.tenant,
                person_id=invitation.person_id,
                vendor=site.vendor.id,
                tokens=tokens,
                profile=profile,
            )
            consents.record(connection, invitation.tenant, invitation.person_id, TOPICS, wording)
            self._schedule(connection, invitation.tenant, account_id, site)
            _audit(connection, invitation, site, account_id)

    def _profile(self, invitation: Invitation, site: VendorSite, tokens: Tokens) -> Profile:
        """Read the profile; without one the person keeps the zone they have."""
        with self._engine.connect() as connection:
            known = timezone_of(connection, invitation.person_id).key
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


def _audit(
    connection: Connection, invitation: Invitation, site: VendorSite, account_id: int
) -> None:
    record(
        connection,
        tenant=invitation.tenant,
        actor=f"person/{invitation.person_id}",
        action="vendor.linked",
        entity=f"vendor-account/{account_id}",
        detail={"vendor": site.vendor.id, "invited_by": invitation.invited_by},
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
