"""Fetching one job from its vendor, page by page, each page kept before anything else happens."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine

from safeguards.egress import Refused
from safeguards.vault import Vault
from wearable_agg.intake import budgets, inbox, jobs, vendor_clock
from wearable_agg.intake.jobs import Job
from wearable_agg.intake.reconciling import WHOLE, note
from wearable_agg.intake.sites import VendorSite, scales_of
from wearable_agg.people.accounts import forget_tokens
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    Page,
    RequestRefused,
    Tokens,
    TryLater,
    Unusable,
    VendorDown,
)

LONGEST_BACK_OFF = 300.0
Answer = TypeVar("Answer")
log = structlog.get_logger()


class Fetcher:
    """Brings jobs to their end or to their next attempt; used by many threads at once."""

    def __init__(
        self, engine: Engine, vault: Vault, sites: Mapping[str, VendorSite], stop: threading.Event
    ) -> None:
        self._engine, self._vault, self._sites, self._stop = engine, vault, sites, stop

    def work(self, job: Job) -> None:
        """Fetch until the job's window is whole, the vendor says wait, or the role stops."""
        try:
            self._work(job)
        except TryLater as error:
            self._hold(job, error)
        except VendorDown as error:
            self._later(job, back_off(job.attempts), str(error))
        except LinkBroken as error:
            log.warning("link broken", account=job.account_id, vendor=job.vendor)
            self._sites[job.vendor].desk.break_link(job.account_id)
            self._later(job, 0.0, str(error))
        except NotPermitted as error:
            self._give_up(job, jobs.REFUSED, str(error))
        except (RequestRefused, Unusable, Refused) as error:
            log.error("job failed", job=job.id, kind=job.kind, reason=str(error))
            self._give_up(job, jobs.FAILED, str(error))

    def _work(self, job: Job) -> None:
        site = self._sites[job.vendor]
        if job.kind == jobs.SUBSCRIBE:
            with_access(site, job.account_id, _subscribe(site))
            self._finish(job)
            return
        if job.kind == jobs.REVOKE:
            self._revoke(site, job)
            return
        paid = True  # whoever claimed the job has paid for its first page
        while not self._stop.is_set() and self._is_wanted(job) and (paid or self._pay(job)):
            paid = False
            page = with_access(site, job.account_id, _fetch(site, job))
            job = job.after(page)
            self._keep(job, page)
            if page.next is None:
                return
        with writing(self._engine) as connection:
            jobs.give_back(connection, job)

    def _pay(self, job: Job) -> bool:
        with writing(self._engine) as connection:
            scales = scales_of(self._sites)
            return budgets.spend(connection, job.vendor, job.account_id, scales)

    def _is_wanted(self, job: Job) -> bool:
        """Look before each page: whoever withdraws consent need not wait for the last one."""
        with self._engine.connect() as connection:
            return jobs.is_wanted(connection, job.account_id)

    def _revoke(self, site: VendorSite, job: Job) -> None:
        """End the grant at the vendor, and forget its tokens; a grant that is gone will do."""
        with suppress(LinkBroken):
            with_access(site, job.account_id, _end_grant(site))
        with writing(self._engine) as connection:
            jobs.drop(connection, job)
            forget_tokens(connection, self._vault, job.account_id)

    def _keep(self, job: Job, page: Page) -> None:
        with writing(self._engine, shared=True) as connection:
            if not jobs.is_wanted(connection, job.account_id):
                return  # consent was withdrawn while the vendor answered
            inbox.keep(
                connection,
                self._vault,
                tenant=job.tenant,
                vendor=job.vendor,
                account_id=job.account_id,
                kind=page.kind,
                raw=page.raw,
                job_id=job.id if job.notified else None,
            )
            if page.next is None and job.notified:
                inbox.keep(
                    connection,
                    self._vault,
                    tenant=job.tenant,
                    vendor=job.vendor,
                    account_id=job.account_id,
                    kind=WHOLE,
                    raw=note(job),
                    job_id=job.id,
                )
            self._follow(connection, job, page)
            if page.next is None:
                vendor_clock.remember(connection, job)
                jobs.finish(connection, job)
            else:
                jobs.advance(connection, job)

    def _follow(self, connection: Connection, job: Job, page: Page) -> None:
        """Schedule what changed beside, where it lies before the days that every poll looks at."""
        vendor = self._sites[job.vendor].vendor
        for kind, window in page.leads_to:
            if window.start < job.window.start:
                windows = vendor.backfill_windows(kind, window)
                jobs.schedule(connection, job.tenant, job.account_id, kind, windows)

    def _finish(self, job: Job) -> None:
        with writing(self._engine) as connection:
            jobs.finish(connection, job)

    def _later(self, job: Job, seconds: float, reason: str) -> None:
        with writing(self._engine) as connection:
            jobs.postpone(connection, job, seconds, reason)

    def _hold(self, job: Job, spent: TryLater) -> None:
        """Keep whoever shares the spent limit from asking: the account, or all of the vendor."""
        with writing(self._engine) as connection:
            jobs.postpone(connection, job, spent.after_seconds, str(spent))
            if spent.of_application:
                jobs.hold_vendor(connection, job.vendor, spent.after_seconds)
            else:
                jobs.hold_account(connection, job.account_id, spent.after_seconds)

    def _give_up(self, job: Job, state: str, reason: str) -> None:
        with writing(self._engine) as connection:
            jobs.give_up(connection, job, state, reason)


def back_off(attempts: int) -> float:
    """Return seconds to wait after this many attempts in vain: doubling, capped, with jitter."""
    return min(LONGEST_BACK_OFF, 2.0**attempts) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret


def with_access(site: VendorSite, account_id: int, ask: Callable[[Tokens], Answer]) -> Answer:
    """Ask the vendor with fresh tokens; where it refuses them, refresh once and ask again.

    Raises LinkBroken where it refuses again, and whatever `ask` raises.
    """
    tokens, version = site.desk.tokens(account_id)
    try:
        return ask(tokens)
    except AccessRefused:
        tokens, _ = site.desk.tokens(account_id, refused_version=version)
    try:
        return ask(tokens)
    except AccessRefused as error:
        raise LinkBroken("the vendor refuses a token it has just given") from error


def _fetch(site: VendorSite, job: Job) -> Callable[[Tokens], Page]:
    def ask(tokens: Tokens) -> Page:
        return site.vendor.fetch(site.http, site.app, tokens, job.kind, job.window, job.cursor)

    return ask


def _end_grant(site: VendorSite) -> Callable[[Tokens], None]:
    def ask(tokens: Tokens) -> None:
        site.vendor.revoke(site.http, site.app, tokens)

    return ask


def _subscribe(site: VendorSite) -> Callable[[Tokens], None]:
    def ask(tokens: Tokens) -> None:
        site.vendor.subscribe(site.http, site.app, tokens, site.callback_url)

    return ask
