"""Vendors' limits are counted ahead, by everybody who asks, and shared fairly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.backend import NEW_YEAR, World, measured
from wearable_agg.intake import budgets, jobs
from wearable_agg.intake.changes import held_back
from wearable_agg.people import accounts
from wearable_agg.store import clock
from wearable_agg.store.database import writing
from wearable_agg.vendors import limits
from wearable_agg.vendors.limits import LIMITS, Limits
from wearable_agg.vendors.protocol import Profile, Tokens, Window

At = Callable[[float], None]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up vendor allows 20 requests a minute, 10 of them for one user."""
    monkeypatch.setitem(LIMITS, "band", Limits(application=20, user=10))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Stop the clock of the budgets, some seconds after now."""
    began = clock.now_micros()

    def at(seconds: float) -> None:
        monkeypatch.setattr(budgets, "now_micros", lambda: began + round(seconds * 1e6))

    at(0)
    return at


def another(world: World, user: str) -> int:
    with writing(world.engine) as connection:
        return accounts.link(
            connection,
            world.vault,
            tenant="sandbox",
            person_id=1,
            vendor="band",
            tokens=Tokens("a", "r", NEW_YEAR + timedelta(days=9999), (), user),
            profile=Profile("Europe/Oslo", "Band 2"),
        )


def want(world: World, account_id: int, count: int, newest: int = 0) -> None:
    """Have so many days due, one window each, that end some days after New Year."""
    days = [NEW_YEAR + timedelta(days=newest - n) for n in range(count)]
    windows = [Window(day, day + timedelta(days=1)) for day in days]
    with writing(world.engine) as connection:
        jobs.schedule(connection, "sandbox", account_id, "beats", windows)


def claimed(world: World, most: int = 100) -> list[int]:
    """Claim in steps of eight, as the poller does; returns whose jobs came, in their order."""
    served: list[int] = []
    while len(served) < most:
        with writing(world.engine) as connection:
            batch = jobs.claim(connection, ["band"], 8)
        if not batch:
            break
        served += [job.account_id for job in batch]
    return served


def test_one_user_gets_no_more_than_theirs_in_a_minute(world: World, linked: int, at: At) -> None:
    want(world, linked, 30)
    assert len(claimed(world)) == 9
    at(59)
    assert claimed(world) == []
    at(66)
    assert len(claimed(world)) == 9


def test_all_users_together_keep_to_the_applications_limit(
    world: World, linked: int, at: At
) -> None:
    for number in (linked, another(world, "u2"), another(world, "u3")):
        want(world, number, 30)
    assert Counter(claimed(world)).total() == 18
    with world.engine.connect() as connection:
        assert not jobs.any_due(connection, ["band"])
    at(66)
    with world.engine.connect() as connection:
        assert jobs.any_due(connection, ["band"])


def test_a_plan_of_more_requests_is_used_and_not_exceeded(
    world: World, linked: int, at: At
) -> None:
    want(world, linked, 60)
    with writing(world.engine) as connection:
        batch = jobs.claim(connection, ["band"], 100, scales={"band": 3.0})
        assert not jobs.any_due(connection, ["band"], scales={"band": 3.0})
        assert jobs.any_due(connection, ["band"], scales={"band": 6.0})
    assert len(batch) == 27


def test_users_take_turns_whatever_is_newer(world: World, linked: int, at: At) -> None:
    others = [another(world, "u2"), another(world, "u3")]
    want(world, linked, 30, newest=300)
    for number in others:
        want(world, number, 3)
    served = Counter(claimed(world)[:9])
    assert served == {linked: 3, others[0]: 3, others[1]: 3}


def test_who_had_much_lets_the_others_go_first(world: World, linked: int, at: At) -> None:
    want(world, linked, 30, newest=300)
    assert set(claimed(world)) == {linked}
    late = another(world, "u2")
    want(world, late, 4)
    assert claimed(world) == [late] * 4


def test_no_minute_has_more_than_the_limit(world: World, linked: int, at: At) -> None:
    want(world, linked, 200)
    sent = []
    for second in range(0, 200, 3):
        at(second)
        sent += [second] * len(claimed(world))
    busiest = max(sum(start <= one < start + 60 for one in sent) for start in range(200))
    assert (busiest, len(sent) >= 9 * 3) == (9, True)


def test_further_pages_are_paid_for_too(world: World, linked: int, at: At) -> None:
    world.band.data = [measured(minute) for minute in range(40)]
    world.band.page_size = 2
    want(world, linked, 1)
    with writing(world.engine) as connection:
        [job] = jobs.claim(connection, ["band"], 8)
    world.fetcher().work(job)
    assert len(world.band.calls) == 9
    at(66)
    with writing(world.engine) as connection:
        [job] = jobs.claim(connection, ["band"], 8)
    world.fetcher().work(job)
    assert len(world.band.calls) == 18


def test_what_was_asked_is_counted_in_the_store(world: World, linked: int, at: At) -> None:
    want(world, linked, 5)
    claimed(world)
    assert world.rows("SELECT vendor, sum(requests) FROM vendor_requests GROUP BY vendor") == [
        ("band", 5)
    ]


def test_the_counts_of_earlier_minutes_are_dropped(world: World, linked: int, at: At) -> None:
    for second in (0, 100, 200):
        at(second)
        want(world, linked, 1, newest=second)
        claimed(world)
    assert world.rows("SELECT count(*) FROM vendor_requests") == [(1,)]


def test_what_waits_for_the_limit_is_said(world: World, linked: int, at: At) -> None:
    want(world, linked, 12)
    claimed(world)
    with world.engine.connect() as connection:
        assert held_back(connection, linked) == [
            "3 requests wait for the vendor's limit of requests a minute"
        ]


def test_a_vendor_without_a_known_limit_is_asked_freely(
    world: World, linked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(LIMITS, "band")
    want(world, linked, 60)
    assert len(claimed(world)) == 60


def test_limits_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="altogether"):
        limits.Limits(application=10, user=20)
