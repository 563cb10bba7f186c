"""Notifications on their way to the app: at least once, with growing pauses between attempts."""

from __future__ import annotations

import sqlite3

import requests

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.google.signing import sign
from sandbox.vendors.http import AGENT, post
from sandbox.vendors.world import World

GOOGLE_GIVES_UP_SECONDS = 7 * 86400
WITHINGS_GIVES_UP_ATTEMPTS = 20
LONGEST_PAUSE_SECONDS = 60.0


def enqueue(world: World, vendor: str, url: str, body: str) -> None:
    """Queue a notification for delivery at once."""
    now = world.clock()
    world.store.execute(
        "INSERT INTO deliveries (vendor, url, body, due, first) VALUES (?, ?, ?, ?, ?)",
        *(vendor, url, body, now, now),
    )


def deliver_due(world: World) -> None:
    """Attempt every delivery that is due."""
    rows = world.store.rows("SELECT * FROM deliveries WHERE due <= ? ORDER BY id", world.clock())
    for row in rows:
        if _accepted(world, row):
            world.store.execute("DELETE FROM deliveries WHERE id = ?", row["id"])
        else:
            _postpone(world, row)


def _accepted(world: World, row: sqlite3.Row) -> bool:
    raw = row["body"].encode()
    try:
        if row["vendor"] == GOOGLE:
            return post(row["url"], raw, _google_headers(world, raw), seconds=5) == 204
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return post(row["url"], raw, form, seconds=2) == 200
    except requests.RequestException:
        return False


def _google_headers(world: World, raw: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "GOOGLE-HEALTH-API-SIGNATURE": sign(world.store, raw),
    }


def _postpone(world: World, row: sqlite3.Row) -> None:
    """Try again later, or give up as the vendor would."""
    attempts = row["attempts"] + 1
    if row["vendor"] == GOOGLE:
        lost = world.clock() - row["first"] > GOOGLE_GIVES_UP_SECONDS
    else:
        lost = attempts >= WITHINGS_GIVES_UP_ATTEMPTS
        if lost:
            world.store.execute("DELETE FROM subscriptions WHERE url = ?", row["url"])
    if lost:
        world.store.execute("DELETE FROM deliveries WHERE id = ?", row["id"])
        return
    pause = min(LONGEST_PAUSE_SECONDS, 2.0**attempts / 2) * world.pace
    world.store.execute(
        "UPDATE deliveries SET attempts = ?, due = ? WHERE id = ?",
        *(attempts, world.clock() + pause, row["id"]),
    )
