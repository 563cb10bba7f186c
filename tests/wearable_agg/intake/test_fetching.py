import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.backend import EVERY_TOPIC, NEW_YEAR, link_person, measured
from wearable_agg.intake import jobs
from wearable_agg.intake.polling import Poller
from wearable_agg.intake.withdrawal import unlink, withdraw
from wearable_agg.people import consents
from wearable_agg.people.accounts import account
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import (
    LinkBroken,
    NotPermitted,
    RequestRefused,
    TryLater,
    VendorDown,
    Window,
)

DAY = Window(NEW_YEAR, NEW_YEAR + timedelta(days=1))
JOBS = "SELECT kind, state, cursor, reason FROM sync_jobs"


@pytest.fixture
def claim(world, linked):
    """Schedule a day of the person's data, then lease it."""
    with writing(world.engine) as connection:
        jobs.schedule(connection, "sandbox", linked, "beats", [DAY])

    def claim():
        with writing(world.engine) as connection:
            return jobs.claim(connection, {"band"}, 10)

    return claim


def test_every_page_is_kept_and_then_the_job_is_gone(world, claim):
    world.band.data, world.band.page_size = [measured(n) for n in range(25)], 10
    world.fetcher().work(claim()[0])
    assert world.band.calls == ["first", "10", "20"]
    assert world.rows("SELECT count(*) FROM inbox") == [(3,)]
    assert world.rows(JOBS) == []


def test_pages_lie_sealed(world, claim):
    world.band.data = [measured(1, device="Marit's band")]
    world.fetcher().work(claim()[0])
    [(raw,)] = world.rows("SELECT raw FROM inbox")
    assert b"Marit" not in raw


def test_a_job_goes_on_at_the_page_where_it_was_left(world, claim):
    world.band.data, world.band.page_size = [measured(n) for n in range(25)], 10
    world.band.trouble = [VendorDown("gone")]
    job = claim()[0]
    world.fetcher().work(job)
    assert claim() == []
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE sync_jobs SET cursor = '10', not_before = 0")
    world.fetcher().work(claim()[0])
    assert world.band.calls == ["first", "10", "20"]


def test_a_leased_job_is_nobody_elses_until_the_lease_runs_out(world, claim):
    assert len(claim()) == 1
    assert claim() == []
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE sync_jobs SET leased_until = leased_until - 31000000")
    assert len(claim()) == 1


def test_a_spent_budget_holds_the_whole_account(world, claim, linked):
    with writing(world.engine) as connection:
        earlier = Window(NEW_YEAR - timedelta(days=9), NEW_YEAR - timedelta(days=8))
        jobs.schedule(connection, "sandbox", linked, "beats", [earlier])
    world.band.trouble = [TryLater(60)]
    world.fetcher().work(claim()[0])
    assert claim() == []
    assert world.rows("SELECT count(*) FROM sync_jobs WHERE state = 'due'") == [(2,)]


@pytest.mark.parametrize("of_application", [True, False])
def test_a_limit_of_the_application_holds_every_account(world, claim, linked, of_application):
    world.band.user = "other-user"
    other = link_person(world, "amara-okafor")
    with writing(world.engine) as connection:
        earlier = Window(NEW_YEAR - timedelta(days=9), NEW_YEAR - timedelta(days=8))
        jobs.schedule(connection, "sandbox", other, "beats", [earlier])
    world.band.trouble = [TryLater(60, of_application=of_application)]
    world.fetcher().work(next(job for job in claim() if job.account_id == linked))
    waiting = world.rows("SELECT account_id FROM sync_jobs WHERE not_before > ?", now_micros())
    assert set(waiting) == ({(linked,), (other,)} if of_application else {(linked,)})


def test_a_refused_token_is_refreshed_and_the_page_asked_again(world, claim):
    world.band.good_access = "access-9"
    world.fetcher().work(claim()[0])
    assert world.band.refreshed == 1
    assert world.rows(JOBS) == []


def test_a_broken_link_is_said_and_its_jobs_wait(world, claim):
    world.band.trouble = [LinkBroken("gone")]
    world.fetcher().work(claim()[0])
    assert world.rows("SELECT status FROM vendor_accounts") == [("broken",)]
    assert claim() == []


@pytest.mark.parametrize(
    ("trouble", "state"),
    [(NotPermitted("scope"), "refused"), (RequestRefused("bad filter"), "failed")],
)
def test_what_repeating_cannot_help_is_not_repeated(world, claim, trouble, state):
    world.band.trouble = [trouble]
    world.fetcher().work(claim()[0])
    assert world.rows(JOBS) == [("beats", state, None, str(trouble))]
    assert claim() == []


def test_a_subscription_is_asked_for_with_the_address_we_listen_on(world, linked):
    with writing(world.engine) as connection:
        jobs.schedule(connection, "sandbox", linked, jobs.SUBSCRIBE, [DAY])
        [job] = jobs.claim(connection, {"band"}, 10)
    world.fetcher().work(job)
    assert world.band.calls == ["subscribe http://127.0.0.1:8411/webhooks/band"]


def poll_once(world):
    poller = Poller(world.engine, world.vault, world.sites, threading.Event())
    with ThreadPoolExecutor(2) as pool:
        while poller.step(pool):
            pass


def test_an_account_is_asked_again_from_time_to_time(world, linked):
    poll_once(world)
    assert world.band.calls == ["first"]
    poll_once(world)
    assert world.band.calls == ["first"]
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET next_poll_at = 0")
    poll_once(world)
    assert world.band.calls == ["first", "first"]


def test_kinds_that_were_not_granted_are_not_asked_for_again(world, linked):
    world.band.trouble = [NotPermitted("scope")]
    poll_once(world)
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET next_poll_at = 0")
    poll_once(world)
    assert world.band.calls == ["first"]


def test_without_consent_nothing_is_asked(world, linked):
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, EVERY_TOPIC)
    poll_once(world)
    assert world.band.calls == []


@pytest.mark.threat("T42")
def test_what_was_scheduled_before_consent_was_revoked_is_not_fetched(world, claim):
    with writing(world.engine) as connection:
        consents.revoke(connection, 1, EVERY_TOPIC)
    assert claim() == []


def test_a_window_already_waited_for_is_not_scheduled_twice(world, linked):
    inner = Window(NEW_YEAR + timedelta(hours=1), NEW_YEAR + timedelta(hours=2))
    with writing(world.engine) as connection:
        for window in (DAY, DAY, inner):
            jobs.schedule(connection, "sandbox", linked, "beats", [window])
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(1,)]


def test_an_unlinked_account_is_revoked_at_the_vendor_and_its_tokens_forgotten(world, linked):
    unlinked(world, linked)
    poll_once(world)
    assert world.band.calls == ["revoke access-1"]
    assert world.rows("SELECT count(*) FROM sync_jobs") == [(0,)]
    with world.engine.connect() as connection:
        assert account(connection, linked).tokens(world.vault).access == ""


def test_revoking_is_tried_until_the_vendor_answers(world, linked):
    world.band.trouble.append(VendorDown("maintenance"))
    unlinked(world, linked)
    poll_once(world)
    assert world.rows("SELECT kind, attempts FROM sync_jobs") == [("@revoke", 1)]
    with world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sync_jobs SET not_before = 0")
    poll_once(world)
    assert world.band.calls == ["revoke access-1"]


def test_a_page_that_comes_after_consent_was_withdrawn_is_not_kept(world, claim, monkeypatch):
    [job] = claim()
    fetch = world.band.fetch

    def fetch_and_withdraw(*arguments):
        page = fetch(*arguments)
        with writing(world.engine) as connection:
            withdraw(connection, "sandbox", 1, EVERY_TOPIC, "person/1")
        return page

    monkeypatch.setattr(world.band, "fetch", fetch_and_withdraw)
    world.fetcher().work(job)
    assert world.rows("SELECT count(*) FROM inbox") == [(0,)]


def unlinked(world, number):
    with writing(world.engine) as connection:
        unlink(connection, account(connection, number), "person/1")
