"""Polling Withings by what it says it changed, on its own clock, however late a watch syncs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.vendors.links import AMEND
from sandbox.vendors.timeline import LATE_STEPS, happen
from tests.sandbox_vendors.conftest import Simulators
from tests.sandbox_vendors.polled import Backend, linked_backend, set_synced
from wearable_agg.intake.polling import plan_poll
from wearable_agg.intake.vendor_clock import OVERLAP
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing

USER = "jonas"
AWAY = timedelta(days=9)


@pytest.fixture
def backend(tmp_path: Path, simulators: Simulators) -> Iterator[Backend]:
    linked = linked_backend(tmp_path / "backend", simulators, "withings", USER)
    yield linked
    linked.world.engine.dispose()


def test_a_watch_that_was_away_brings_all_its_days_though_other_data_came(
    backend: Backend,
) -> None:
    now = datetime.now(UTC)
    left = now - AWAY
    set_synced(backend.simulators, USER, left)
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
        plan_poll(connection, backend.site, backend.due(ahead))
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
