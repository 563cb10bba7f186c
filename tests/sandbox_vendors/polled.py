"""A backend that polls a simulated vendor, step by step, for one linked wearer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.sandbox_vendors.conftest import Simulators
from tests.support.backend import EVERY_TOPIC, ISSUER, PATIENT, World, open_world
from wearable_agg.intake import jobs
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.fetching import Fetcher
from wearable_agg.intake.linking import Linker
from wearable_agg.intake.polling import PollDue, plan_poll
from wearable_agg.intake.processing import Worker
from wearable_agg.intake.sites import VendorSite
from wearable_agg.people import accounts, consents
from wearable_agg.people.registry import person_for
from wearable_agg.people.tokens import TokenDesk
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Profile
from wearable_agg.vendors.registry import VENDORS


@dataclass
class Backend:
    """A backend that has linked a wearer's account at a simulated vendor."""

    world: World
    site: VendorSite
    simulators: Simulators
    account: int

    @property
    def vendor(self) -> str:
        """The vendor's id."""
        return self.site.vendor.id

    def due(self, now: int) -> PollDue:
        """The account as a poll finds it after a success just now."""
        return PollDue(self.account, "sandbox", 1, self.vendor, now, now)

    def link_jobs(self, days: int) -> None:
        """Fetch the last days, as after linking."""
        linker = Linker(self.world.engine, self.world.vault, days)
        with writing(self.world.engine) as connection:
            linker._schedule(connection, "sandbox", self.account, self.site)
            connection.exec_driver_sql("DELETE FROM sync_jobs WHERE kind = '@subscribe'")
        self.work()

    def poll(self) -> list[str]:
        """Poll once; return the kinds that were asked for by change."""
        now = now_micros()
        with writing(self.world.engine) as connection:
            plan_poll(connection, self.site, self.due(now))
        asked = self.world.rows("SELECT kind FROM sync_jobs WHERE changed_since IS NOT NULL")
        self.work()
        return sorted(kind for (kind,) in asked)

    def work(self) -> None:
        """Fetch and work on everything that is due."""
        fetcher = Fetcher(
            self.world.engine, self.world.vault, {self.vendor: self.site}, self.world.stop
        )
        while True:
            with writing(self.world.engine) as connection:
                due = jobs.claim(connection, {self.vendor}, 10)
            if not due:
                break
            for job in due:
                fetcher.work(job)
        vendors = {self.vendor: self.site.vendor}
        worker = Worker(self.world.engine, self.world.vault, vendors, DayTotals({"sandbox": 14}))
        while worker.step():
            pass

    def counted(self, kind: str, start: datetime, end: datetime) -> int:
        """Count what is kept of a type between two instants."""
        query = """
            SELECT count(*) FROM measurements JOIN series ON series.id = series_id
            WHERE type = ? AND start >= ? AND start < ?
        """
        edges = (int(start.timestamp() * 1e6), int(end.timestamp() * 1e6))
        [(count,)] = self.world.rows(query, kind, *edges)
        return int(count)


def linked_backend(folder: Path, simulators: Simulators, vendor: str, user: str) -> Backend:
    """Link a wearer; nothing is asked for yet."""
    folder.mkdir()
    world = open_world(folder)
    app, known = simulators.app(vendor), VENDORS[vendor]
    desk = TokenDesk(world.engine, world.vault, known, app, simulators.http)
    site = VendorSite(known, app, simulators.http, desk, "http://127.0.0.1:9/hook")
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, PATIENT, True, "Europe/Oslo")
        assert person is not None
        consents.record(connection, "sandbox", person, EVERY_TOPIC, "I agree")
        account = accounts.link(
            connection,
            world.vault,
            tenant="sandbox",
            person_id=person,
            vendor=vendor,
            tokens=simulators.link(vendor, user),
            profile=Profile("Europe/Oslo", "Watch"),
        )
    return Backend(world, site, simulators, account)


def set_synced(simulators: Simulators, user: str, at: datetime) -> None:
    """Leave the watch with everything it measured since an instant."""
    simulators.world.store.execute("DELETE FROM wearers WHERE user = ?", user)
    simulators.world.store.execute("INSERT INTO wearers VALUES (?, ?)", user, at.timestamp())
