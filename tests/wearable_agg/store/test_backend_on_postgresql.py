"""The backend's queues and its whole way from a webhook to the page's days, in each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings, SettingsError
from tests.support.backend import link_person, measured, open_world
from wearable_agg.intake import jobs
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.buckets import read_buckets
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.measurements.values import read_values
from wearable_agg.store.clock import now_micros, to_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Window

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(tmp_path, place):
    opened = open_world(tmp_path, place)
    yield opened
    opened.engine.dispose()


def schedule(world, account, count):
    windows = [
        Window(LONG_AGO + timedelta(days=n), LONG_AGO + timedelta(days=n + 1)) for n in range(count)
    ]
    with writing(world.engine) as connection:
        jobs.schedule(connection, "sandbox", account, "heart-rate", windows)


def test_no_job_is_claimed_twice_by_claimers_at_once(world):
    account = link_person(world)
    schedule(world, account, 40)

    def claim(_):
        with writing(world.engine, shared=True) as connection:
            return [job.id for job in jobs.claim(connection, ["band"], 5)]

    with ThreadPoolExecutor(4) as pool:
        claimed = [job for group in pool.map(claim, range(12)) for job in group]
    assert len(claimed) == len(set(claimed)) == 40


def test_what_a_claimer_has_not_committed_is_passed_over_not_waited_for(world, place):
    if not isinstance(place, str):
        pytest.skip("SQLite has one writer at a time")
    schedule(world, link_person(world), 2)
    with writing(world.engine, shared=True) as one, writing(world.engine, shared=True) as other:
        first = jobs.claim(one, ["band"], 1)
        second = jobs.claim(other, ["band"], 2)
    assert len(first) == len(second) == 1
    assert first[0].id != second[0].id


def test_a_reader_sees_one_moment_throughout(world):
    link_person(world)
    count = "SELECT count(*) FROM sync_jobs"
    with world.engine.connect() as connection:
        before = connection.exec_driver_sql(count).scalar()
        schedule(world, 1, 3)
        assert connection.exec_driver_sql(count).scalar() == before == 0


def test_a_year_of_days_and_buckets_is_read_back(world):
    link_person(world)
    three_hours = [measured(n, 60.0 + n % 3) for n in range(180)]
    with writing(world.engine) as connection:
        write_batch(connection, "sandbox", 1, batch_of(three_hours, TYPES))
    first = measured(0).start
    with world.engine.connect() as connection:
        buckets = read_buckets(connection, 1, "heart_rate", first, first + timedelta(hours=4))
        days = local_days(
            connection,
            1,
            ZoneInfo("Europe/Oslo"),
            first.date(),
            first.date() + timedelta(days=1),
            {"heart_rate"},
        )
        window = (first, first + timedelta(hours=4))
        page = read_values(connection, 1, "heart_rate", *window, 100)
        rest = read_values(connection, 1, "heart_rate", *window, 100, page[-1].place)
    assert [len(page), len(rest), len({one.start for one in page + rest})] == [100, 80, 180]
    assert sum(bucket.n for bucket in buckets.buckets) == 180
    assert {(bucket.min, bucket.max) for bucket in buckets.buckets} == {(60.0, 62.0)}
    assert days[0].heart_rate is not None
    assert days[0].heart_rate.n == 180


def test_instants_are_stored_alike(world):
    account = link_person(world)
    schedule(world, account, 1)
    ((start, created),) = world.rows("SELECT window_start, created_at FROM sync_jobs")
    assert start == to_micros(LONG_AGO) == 1_767_225_600_000_000
    assert abs(created - now_micros()) < 60_000_000


def test_a_store_elsewhere_is_refused_by_the_settings(tmp_path):
    with pytest.raises(SettingsError, match="postgresql"):
        Settings.from_document({"database": "mysql://localhost/wearables"}, tmp_path)
