"""What happens to a wearer's account over time: events that are due at an instant."""

from __future__ import annotations

from datetime import datetime

from sandbox.vendors.world import FIRST_SYNC_AGO, World

SYNC, REPEAT, AMEND, DELETE = "sync", "repeat", "amend", "delete"

FIRST_SYNC_SECONDS = 8.0
AMEND_SECONDS = 22.0


def account_linked(world: World, user: str) -> None:
    """Begin the wearer's script when the account is linked for the first time.

    The watch last synced most of a day ago; yesterday's rest and today arrive seconds later, and
    some seconds after that yesterday's steps are amended.
    """
    stale = (world.now() - FIRST_SYNC_AGO).timestamp()
    if world.store.execute("INSERT OR IGNORE INTO wearers VALUES (?, ?)", user, stale):
        schedule(world, user, SYNC, FIRST_SYNC_SECONDS)
        schedule(world, user, AMEND, AMEND_SECONDS)


def schedule(
    world: World,
    user: str,
    action: str,
    seconds: float,
    low: datetime | None = None,
    high: datetime | None = None,
) -> None:
    """Let something happen to a wearer's data after `seconds`, stretched by the world's pace."""
    world.store.execute(
        "INSERT INTO events (user, action, due, low, high) VALUES (?, ?, ?, ?, ?)",
        *(user, action, world.clock() + seconds * world.pace),
        *(low.timestamp() if low else 0, high.timestamp() if high else 0),
    )
