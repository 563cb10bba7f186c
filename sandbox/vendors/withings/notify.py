"""Withings' notifications: subscriptions per user and category, and unsigned form posts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import requests
from flask import Blueprint, Response, request

from sandbox.vendors.apps import WITHINGS
from sandbox.vendors.deliveries import enqueue
from sandbox.vendors.http import probe
from sandbox.vendors.news import HEART_RATE, SLEEP, STEPS, News
from sandbox.vendors.withings.envelope import (
    CALLBACK_REFUSED,
    INVALID,
    WithingsError,
    allowed,
    number,
    success,
)
from sandbox.vendors.withings.rows import epoch
from sandbox.vendors.world import ACCOUNTS, World
from sandbox.wearer.people import WEARERS

PRESSURE_AND_OXYGEN, ACTIVITY, NIGHT = 4, 16, 44
KNOWN = frozenset({1, 2, 4, 16, 44, 46, 50, 51, 52, 54, 55, 58, 62})
NEVER_EXPIRES = 2147483647
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def notify_routes(world: World) -> Blueprint:
    """Return the subscription endpoint."""
    routes = Blueprint("withings_notify", __name__, url_prefix="/withings")

    @routes.post("/notify")
    def notify() -> Response:
        user = allowed(world, "").user
        action = request.values.get("action")
        if action == "subscribe":
            _subscribe(world, user)
            return success({})
        if action in ("list", "get"):
            return success({"profiles": _profiles(world, user)})
        if action == "revoke":
            world.store.execute(
                "DELETE FROM subscriptions WHERE user = ? AND appli = ? AND url = ?",
                *(user, number("appli"), request.values.get("callbackurl", "")),
            )
            return success({})
        raise WithingsError(INVALID, "Invalid Params: action")

    return routes


def announce(world: World, news: News) -> None:
    """Queue the notifications that the user's subscriptions ask for."""
    rows = world.store.rows("SELECT * FROM subscriptions WHERE user = ?", news.user)
    account = ACCOUNTS[WITHINGS][news.user]
    for row in rows:
        for times in _times(news, row["appli"]):
            form = {"userid": account, "appli": str(row["appli"]), **times}
            enqueue(world, WITHINGS, row["url"], urlencode(form))


def _times(news: News, appli: int) -> Iterator[dict[str, str]]:
    """Yield the times of each notification: activity goes by local date, the rest by instant."""
    if appli == ACTIVITY and {STEPS, HEART_RATE} & set(news.topics):
        zone = WEARERS[news.user].zone
        day, last = (edge.astimezone(zone).date() for edge in (news.low, news.high))
        while day <= last:
            yield {"date": day.isoformat()}
            day += timedelta(days=1)
    elif appli in (NIGHT, PRESSURE_AND_OXYGEN) and SLEEP in news.topics:
        yield {"startdate": str(epoch(news.low)), "enddate": str(epoch(news.high))}


def _subscribe(world: World, user: str) -> None:
    url, appli = request.values.get("callbackurl", ""), number("appli")
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise WithingsError(CALLBACK_REFUSED, "The callback URL must be https")
    if appli not in KNOWN:
        raise WithingsError(INVALID, "Invalid Params: appli")
    if not _answers(url):
        raise WithingsError(CALLBACK_REFUSED, "The callback URL is either absent or incorrect")
    world.store.execute(
        "INSERT OR REPLACE INTO subscriptions (user, appli, url, comment) VALUES (?, ?, ?, ?)",
        *(user, appli, url, request.values.get("comment", "")),
    )


def _answers(url: str) -> bool:
    """Tell whether the callback answers the probes with 200."""
    try:
        return probe(url, "HEAD", 2) == 200 and probe(url, "GET", 2) == 200
    except requests.RequestException:
        return False


def _profiles(world: World, user: str) -> list[dict[str, object]]:
    wanted = request.values.get("appli")
    return [
        {
            "appli": row["appli"],
            "callbackurl": row["url"],
            "expires": NEVER_EXPIRES,
            "comment": row["comment"],
        }
        for row in world.store.rows("SELECT * FROM subscriptions WHERE user = ?", user)
        if not wanted or row["appli"] == number("appli")
    ]
