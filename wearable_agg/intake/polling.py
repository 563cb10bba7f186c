"""The poller: asks vendors anew from time to time and drives every job, several at once."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, select, update

from safeguards.vault import Vault
from wearable_agg.intake import jobs, vendor_clock
from wearable_agg.intake.fetching import Fetcher
from wearable_agg.intake.sites import VendorSite, scales_of
from wearable_agg.people.accounts import ACTIVE
from wearable_agg.people.consents import permitted_topics
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.database import writing
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.protocol import LOOK_BACK, Vendor, Window

THREADS = 8
IDLE_SECONDS = 0.2
LONGEST_LOOK_BACK = timedelta(days=60)
log = structlog.get_logger()


class Poller:
    """Drives jobs until told to stop; several pollers share the work by leases.

    `accounts` are the only ones it serves, where they are named.
    """

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        sites: Mapping[str, VendorSite],
        stop: threading.Event,
        accounts: Collection[int] | None = None,
    ) -> None:
        self._accounts = accounts
        self._engine, self._sites, self._stop = engine, sites, stop
        self._fetcher = Fetcher(engine, vault, sites, stop)
        self._scales = scales_of(sites)
        self._running: set[Future[None]] = set()

    def run(self) -> None:
        """Poll and fetch until `stop` is set; what is under way ends at its next page."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as pool:
            while not self._stop.is_set():
                if not self.step(pool):
                    self._stop.wait(IDLE_SECONDS)

    def step(self, pool: ThreadPoolExecutor) -> bool:
        """Begin what is due and wait a moment for some to end; False where nothing is running."""
        for job in self._claim():
            self._running.add(pool.submit(self._fetcher.work, job))
        if not self._running:
            return False
        ended, self._running = wait(self._running, IDLE_SECONDS, return_when=FIRST_COMPLETED)
        for error in filter(None, (future.exception() for future in ended)):
            log.error("fetching failed, the job's lease will run out", exc_info=error)
        return True

    def _claim(self) -> list[jobs.Job]:
        if len(self._running) >= THREADS or not self._anything_due():
            return []
        with writing(self._engine) as connection:
            for due in _polls_due(connection, self._sites.keys(), self._accounts, claim=True):
                plan_poll(connection, self._sites[due.vendor], due)
            return jobs.claim(connection, self._sites.keys(), THREADS, self._accounts, self._scales)

    def _anything_due(self) -> bool:
        """Look without the write lock: most of the time there is nothing to do."""
        vendors = self._sites.keys()
        with self._engine.connect() as connection:
            return jobs.any_due(connection, vendors, self._accounts, self._scales) or bool(
                _polls_due(connection, vendors, self._accounts)
            )


@dataclass(frozen=True, slots=True)
class PollDue:
    """An account that is to be asked anew; instants in microseconds."""

    account_id: int
    tenant: str
    person_id: int
    vendor: str
    last_sync_at: int | None
    last_data_at: int | None = None


def plan_poll(connection: Connection, site: VendorSite, due: PollDue) -> None:
    """Schedule a look at what the vendor changed, or at the days since the last success and before.

    Where the vendor tells what it changed since an instant of its own clock, it is asked for that.
    Otherwise, where syncs succeeded and brought nothing, the look reaches back to when something
    last came: a watch that was away for a week brings the week. Kinds that were not granted are
    left out, and kinds whose last look is still waiting. Nothing is asked of an account whose
    person allows nothing.
    """
    now = from_micros(now_micros())
    last = now if due.last_sync_at is None else from_micros(due.last_sync_at)
    if due.last_data_at is not None:
        last = max(min(last, from_micros(due.last_data_at)), now - LONGEST_LOOK_BACK)
    window = Window(last - LOOK_BACK, now)
    if permitted_topics(connection, due.person_id):
        left_out = jobs.kinds_left_out(connection, due.account_id, window.start)
        for kind in (kind for kind in site.vendor.kinds if kind not in left_out):
            windows = _windows(connection, site.vendor, due.account_id, kind, window)
            jobs.schedule(connection, due.tenant, due.account_id, kind, windows)
    connection.execute(
        update(vendor_accounts)
        .where(vendor_accounts.c.id == due.account_id)
        .values(next_poll_at=to_micros(now) + site.app.poll_seconds * 1_000_000)
    )


def _windows(
    connection: Connection, vendor: Vendor, account_id: int, kind: str, window: Window
) -> list[Window]:
    if kind in vendor.by_change:
        since = vendor_clock.changed_since(connection, account_id, kind)
        if since is not None:
            return [replace(window, changed_since=since)]
    start = min(window.start, window.end - vendor.look_back(kind))
    return vendor.backfill_windows(kind, Window(start, window.end))


def _polls_due(
    connection: Connection,
    vendors: Collection[str],
    accounts: Collection[int] | None,
    claim: bool = False,
) -> list[PollDue]:
    columns = vendor_accounts.c
    due = select(
        columns.id,
        columns.tenant,
        columns.person_id,
        columns.vendor,
        columns.last_sync_at,
        columns.last_data_at,
    ).where(
        columns.status == ACTIVE,
        columns.next_poll_at <= now_micros(),
        columns.vendor.in_(list(vendors)),
    )
    if accounts is not None:
        due = due.where(columns.id.in_(list(accounts)))
    if claim:
        due = due.with_for_update(skip_locked=True)
    return [PollDue(*row) for row in connection.execute(due)]
