"""Google's notifications: what changed, never the data itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.deliveries import enqueue
from sandbox.vendors.google.points import Timed
from sandbox.vendors.google.shapes import civil, physical
from sandbox.vendors.google.types import TYPES
from sandbox.vendors.grants import linked_users
from sandbox.vendors.news import HEART_RATE, SLEEP, STEPS, News
from sandbox.vendors.world import ACCOUNTS, World
from sandbox.wearer.people import WEARERS, Wearer

LARGEST_BATCH = 99

_KINDS = {
    STEPS: ("steps", "exercise", "activity-level"),
    HEART_RATE: ("heart-rate",),
    SLEEP: (
        "sleep",
        "daily-resting-heart-rate",
        "daily-heart-rate-variability",
        "daily-oxygen-saturation",
    ),
}


def announce(world: World, news: News) -> None:
    """Queue one batch for every verified subscriber that wants any of it."""
    granted = linked_users(world, GOOGLE).get(news.user, frozenset())
    kinds = [
        kind for topic in news.topics for kind in _KINDS[topic] if TYPES[kind].scope in granted
    ]
    for row in world.store.rows("SELECT * FROM subscribers WHERE verified = 1"):
        wanted = [kind for kind in kinds if kind in row["kinds"].split()]
        if wanted:
            batch = [_notification(news, kind, row["id"]) for kind in wanted]
            enqueue(world, GOOGLE, row["url"], json.dumps(batch))


def announce_deleted(world: World, user: str, kind: str, points: Sequence[Timed]) -> None:
    """Queue a notice of each deleted point, for every verified subscriber of its kind."""
    granted = linked_users(world, GOOGLE).get(user, frozenset())
    for row in world.store.rows("SELECT * FROM subscribers WHERE verified = 1"):
        if TYPES[kind].scope not in granted or kind not in row["kinds"].split():
            continue
        said = [_deletion(user, kind, row["id"], one) for one in points]
        for first in range(0, len(said), LARGEST_BATCH):
            batch = said[first : first + LARGEST_BATCH]
            enqueue(world, GOOGLE, row["url"], json.dumps(batch))


def _deletion(user: str, kind: str, subscription: str, timed: Timed) -> dict[str, Any]:
    at, point = timed
    said = _notification(News(user, (), at, at), kind, subscription)
    record = point["name"].rpartition("/")[2]
    return {"data": said["data"] | {"operation": "DELETE", "recordId": record}}


def _notification(news: News, kind: str, subscription: str) -> dict[str, Any]:
    return {
        "data": {
            "version": "1",
            "clientProvidedSubscriptionName": subscription,
            "healthUserId": ACCOUNTS[GOOGLE][news.user],
            "operation": "UPSERT",
            "dataType": kind,
            "intervals": [_interval(news, WEARERS[news.user])],
        }
    }


def _interval(news: News, wearer: Wearer) -> dict[str, Any]:
    local = [edge.astimezone(wearer.zone) for edge in (news.low, news.high + timedelta(seconds=1))]
    start, end = (edge.strftime("%Y-%m-%dT%H:%M:%S") for edge in local)
    return {
        "physicalTimeInterval": {
            "startTime": physical(news.low),
            "endTime": physical(news.high + timedelta(seconds=1)),
        },
        "civilDateTimeInterval": {
            "startDateTime": civil(news.low, wearer),
            "endDateTime": civil(news.high, wearer),
        },
        "civilIso8601TimeInterval": {"startTime": start, "endTime": end},
    }
