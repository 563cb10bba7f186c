"""What happens by itself or is asked for: late syncs, repeated notices, amended, deleted data."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, time, timedelta

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.deliveries import deliver_due
from sandbox.vendors.google import notify as google
from sandbox.vendors.google.subscribers import verify_waiting
from sandbox.vendors.google.types import TYPES
from sandbox.vendors.links import AMEND, DELETE, REPEAT, SYNC, schedule
from sandbox.vendors.news import STEPS, News, news_of_sync
from sandbox.vendors.withings import notify as withings
from sandbox.vendors.world import ACCOUNTS, World
from sandbox.wearer.people import WEARERS

SYNC_EVERY_SECONDS = 60.0
REPEAT_SECONDS = 6.0
LATE_STEPS = 734
DELETABLE = "heart-rate"

TICK_SECONDS = 0.25
TICKS_BETWEEN_HANDSHAKES = 8


class Timeline(threading.Thread):
    """Lets what is due happen, until it is stopped."""

    def __init__(self, world: World) -> None:
        super().__init__(name="timeline", daemon=True)
        self._world = world
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work until stop() is called."""
        ticks = 0
        while not self._stopped.wait(TICK_SECONDS):
            if ticks % TICKS_BETWEEN_HANDSHAKES == 0:
                verify_waiting(self._world)
            happen(self._world)
            deliver_due(self._world)
            ticks += 1

    def stop(self) -> None:
        """Stop and wait for what is under way."""
        self._stopped.set()
        self.join()


def happen(world: World) -> None:
    """Let every event that is due happen; one that a crash interrupts happens again."""
    for event in world.store.rows(
        "SELECT * FROM events WHERE due <= ? ORDER BY due", world.clock()
    ):
        if event["action"] == SYNC:
            _sync(world, event["user"])
        elif event["action"] == REPEAT:
            _repeat(world, event)
        elif event["action"] == AMEND:
            _amend(world, event["user"])
        elif event["action"] == DELETE:
            _delete(world, event)
        world.store.execute("DELETE FROM events WHERE id = ?", event["id"])


def _sync(world: World, user: str) -> None:
    """Receive what the watch recorded since it last synced; an early sync is announced twice."""
    low, high = world.sync(user)
    _announce(world, news_of_sync(world, user, low, high))
    if high - low > timedelta(hours=1):
        schedule(world, user, REPEAT, REPEAT_SECONDS, low, high)
    schedule(world, user, SYNC, SYNC_EVERY_SECONDS)


def _repeat(world: World, event: sqlite3.Row) -> None:
    """Deliver a notification again, as at-least-once delivery does."""
    low, high = (datetime.fromtimestamp(event[edge], UTC) for edge in ("low", "high"))
    _announce(world, news_of_sync(world, event["user"], low, high))


def _amend(world: World, user: str) -> None:
    """Count more steps for yesterday: a phone sent late what the watch did not see."""
    zone = WEARERS[user].zone
    yesterday = world.now().astimezone(zone).date() - timedelta(days=1)
    world.store.execute(
        "INSERT INTO late_steps VALUES (?, ?, ?)"
        " ON CONFLICT (user, day) DO UPDATE SET steps = steps + excluded.steps",
        *(user, yesterday.isoformat(), LATE_STEPS),
    )
    world.store.execute(
        "INSERT INTO amendments VALUES (?, ?, ?)"
        " ON CONFLICT (user, day) DO UPDATE SET at = excluded.at",
        *(user, yesterday.isoformat(), world.clock()),
    )
    noon = datetime.combine(yesterday, time(12), zone).astimezone(UTC)
    _announce(world, News(user, (STEPS,), noon, noon + timedelta(minutes=10)))


def _delete(world: World, event: sqlite3.Row) -> None:
    """Let a wearer of a Google account delete their heart rate between two instants."""
    user, low, high = event["user"], event["low"], event["high"]
    edges = (datetime.fromtimestamp(edge, UTC) for edge in (low, high))
    timed = [
        one
        for day in world.days_back(user, *edges)
        for one in TYPES[DELETABLE].points(world, WEARERS[user], day)
        if low <= one[0].timestamp() < high
    ]
    world.store.execute("INSERT INTO deleted VALUES (?, ?, ?, ?)", user, DELETABLE, low, high)
    google.announce_deleted(world, user, DELETABLE, timed)


def _announce(world: World, news: News) -> None:
    vendor = google if news.user in ACCOUNTS[GOOGLE] else withings
    vendor.announce(world, news)
