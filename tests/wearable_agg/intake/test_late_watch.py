"""A watch that syncs weeks late: polling reaches back to when something last came."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wearable_agg.intake.polling import PollDue, plan_poll
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.google_health.vendor import GoogleHealth
from wearable_agg.vendors.withings.vendor import Withings

DAY = timedelta(days=1) // timedelta(microseconds=1)


@pytest.mark.parametrize("vendor", [GoogleHealth(), Withings()], ids=lambda one: one.id)
def test_every_kind_is_asked_for_the_twenty_days_in_which_nothing_came(world, linked, vendor):
    site = replace(world.sites["band"], vendor=vendor)
    now = now_micros()
    due = PollDue(linked, "sandbox", 1, vendor.id, last_sync_at=now, last_data_at=now - 20 * DAY)
    with writing(world.engine) as connection:
        plan_poll(connection, site, due)
    asked = dict(world.rows("SELECT kind, min(window_start) FROM sync_jobs GROUP BY kind"))
    assert set(asked) == set(vendor.kinds)
    assert all(start <= now - 23 * DAY for start in asked.values())


def test_of_a_watch_that_syncs_daily_the_samples_of_the_last_days_are_asked_for(world, linked):
    site = replace(world.sites["band"], vendor=GoogleHealth())
    now = now_micros()
    due = PollDue(linked, "sandbox", 1, "google_health", last_sync_at=now, last_data_at=now)
    with writing(world.engine) as connection:
        plan_poll(connection, site, due)
    starts = dict(world.rows("SELECT kind, min(window_start) FROM sync_jobs GROUP BY kind"))
    assert starts["heart-rate"] >= now - 4 * DAY


@pytest.mark.parametrize(
    ("kind", "days"), [("electrocardiogram", 14), ("irregular-rhythm-notification", 60)]
)
def test_what_comes_rarely_is_asked_for_far_back_though_other_data_came(world, linked, kind, days):
    site = replace(world.sites["band"], vendor=GoogleHealth())
    now = now_micros()
    due = PollDue(linked, "sandbox", 1, "google_health", last_sync_at=now, last_data_at=now)
    with writing(world.engine) as connection:
        plan_poll(connection, site, due)
    [(start,)] = world.rows("SELECT min(window_start) FROM sync_jobs WHERE kind = ?", kind)
    assert start < now - (days - 1) * DAY


def test_a_year_of_silence_is_not_asked_for_at_each_poll(world, linked):
    site = replace(world.sites["band"], vendor=GoogleHealth())
    now = now_micros()
    due = PollDue(linked, "sandbox", 1, "google_health", now, now - 365 * DAY)
    with writing(world.engine) as connection:
        plan_poll(connection, site, due)
    assert world.rows("SELECT min(window_start) FROM sync_jobs")[0][0] >= now - 64 * DAY
