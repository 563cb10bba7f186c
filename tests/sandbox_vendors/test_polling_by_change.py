"""Polling Withings by what it says it changed, on its own clock, however late a watch syncs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.vendors.links import AMEND
from sandbox.vendors.timeline import LATE_STEPS, happen
from tests.sandbox_vendors.conftest import Simulators
from tests.support.backend import EVERY_TOPIC, ISSUER, PATIENT, World, open_world
from wearable_agg.intake import jobs
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.fetching import Fetcher
from wearable_agg.intake.linking import Linker
from wearable_agg.intake.polling import PollDue, plan_poll
from wearable_agg.intake.processing import Worker
from wearable_agg.intake.sites import VendorSite
from wearable_agg.intake.vendor_clock import OVERLAP
from wearable_agg.people import accounts, consents
from wearable_agg.people.registry import person_for
from wearable_agg.people.tokens import TokenDesk
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Profile
from wearable_agg.vendors.withings.vendor import Withings

USER = "jonas"
AWAY = timedelta(days=9)


@dataclass
class Backend:
    """A backend that has linked a wearer's account at the simulated Withings."""

    world: World
    site: VendorSite
    simulators: Simulators
    account: int

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
            plan_poll(connection, self.site, PollDue(self.account, "sandbox", 1, "withings", now))
        asked = self.world.rows("SELECT kind FROM sync_jobs WHERE changed_since IS NOT NULL")
        self.work()
        return sorted(kind for (kind,) in asked)

    def work(self) -> None:
        """Fetch and work on everything that is due."""
        fetcher = Fetcher(
            self.world.engine, self.world.vault, {"withings": self.site}, self.world.stop
        )
        while True:
            with writing(self.world.engine) as connection:
                due = jobs.claim(connection, {"withings"}, 10)
            if not due:
                break
            for job in due:
                fetcher.work(job)
        vendors = {"withings": self.site.vendor}
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


@pytest.fixture
def backend(tmp_path: Path, simulators: Simulators) -> Iterator[Backend]:
    folder = tmp_path / "backend"
    folder.mkdir()
    world = open_world(folder)
    app, vendor = simulators.app("withings"), Withings()
    tokens = simulators.link("withings", USER)
    desk = TokenDesk(world.engine, world.vault, vendor, app, simulators.http)
    site = VendorSite(vendor, app, simulators.http, desk, "http://127.0.0.1:9/hook")
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, PATIENT, True, "Europe/Oslo")
        assert person is not None
        consents.record(connection, "sandbox", person, EVERY_TOPIC, "I agree")
        account = accounts.link(
            connection,
            world.vault,
            tenant="sandbox",
            person_id=person,
            vendor="withings",
            tokens=tokens,
            profile=Profile("Europe/Oslo", "ScanWatch 2"),
        )
    yield Backend(world, site, simulators, account)
    world.engine.dispose()


def set_synced(simulators: Simulators, at: datetime) -> None:
    """Leave the watch with everything it measured since an instant."""
    simulators.world.store.execute("DELETE FROM wearers WHERE user = ?", USER)
    simulators.world.store.execute("INSERT INTO wearers VALUES (?, ?)", USER, at.timestamp())


def test_a_watch_that_was_away_brings_all_its_days_though_other_data_came(
    backend: Backend,
) -> None:
    now = datetime.now(UTC)
    left = now - AWAY
    set_synced(backend.simulators, left)
    backend.link_jobs(14)
    away = (left + timedelta(hours=1), now)
    assert backend.counted("heart_rate", *away) == 0
    assert backend.poll() == ["activity", "measures", "sleep"]
    assert backend.counted("heart_rate", *away) == 0
    backend.simulators.world.sync(USER)
    backend.poll()
    kinds = ("heart_rate", "hrv", "steps", "sleep_asleep", "oxygen_saturation")
    brought = {kind: backend.counted(kind, *away) for kind in kinds}
    assert brought["heart_rate"] > 800
    assert brought["sleep_asleep"] > 5
    backend.link_jobs(14)
    assert {kind: backend.counted(kind, *away) for kind in kinds} == brought


def test_the_watermark_is_the_vendors_and_an_hour_of_ours_does_not_move_it(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.link_jobs(5)
    told = dict(backend.world.rows("SELECT kind, known_until FROM vendor_changes"))
    rows = backend.world.rows("SELECT max(start) FROM measurements")
    assert set(told) == {"activity", "sleep", "measures"}
    synced = backend.simulators.world.synced(USER).timestamp() * 1e6
    assert rows[0][0] - 3600e6 <= told["activity"] <= synced + 1e6
    ahead = now_micros() + 200 * 86_400_000_000
    monkeypatch.setattr("wearable_agg.intake.polling.now_micros", lambda: ahead)
    with writing(backend.world.engine) as connection:
        plan_poll(
            connection, backend.site, PollDue(backend.account, "sandbox", 1, "withings", ahead)
        )
    asked = dict(
        backend.world.rows(
            "SELECT kind, changed_since FROM sync_jobs WHERE changed_since IS NOT NULL"
        )
    )
    overlap = OVERLAP // timedelta(microseconds=1)
    assert asked == {kind: until - overlap for kind, until in told.items()}


def test_steps_that_a_phone_sends_late_for_yesterday_amend_the_day(backend: Backend) -> None:
    world = backend.simulators.world
    backend.link_jobs(5)
    before = backend.world.rows("SELECT count(*) FROM measurement_history")
    due = (USER, AMEND)
    world.store.execute("INSERT INTO events (user, action, due) VALUES (?, ?, 0)", *due)
    happen(world)
    backend.poll()
    query = """
        SELECT kept.value - old.value FROM measurement_history AS old
        JOIN measurements AS kept USING (series_id, start, "end")
        JOIN series ON series.id = series_id WHERE type = 'steps'
    """
    assert (LATE_STEPS,) in backend.world.rows(query)
    assert before == [(0,)]


def test_a_word_from_an_earlier_window_does_not_take_a_later_one_back(backend: Backend) -> None:
    backend.link_jobs(5)
    known = backend.world.rows("SELECT kind, known_until FROM vendor_changes ORDER BY kind")
    backend.link_jobs(2)
    backend.poll()
    again = backend.world.rows("SELECT kind, known_until FROM vendor_changes ORDER BY kind")
    assert all(late >= early for (_, early), (_, late) in zip(known, again, strict=True))
