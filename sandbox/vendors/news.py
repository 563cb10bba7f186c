"""What is new in a wearer's data: vendor-neutral topics over a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sandbox.vendors.world import World

STEPS, HEART_RATE, SLEEP = "steps", "heart_rate", "sleep"


@dataclass(frozen=True, slots=True)
class News:
    """Topics that changed for a wearer between two instants."""

    user: str
    topics: tuple[str, ...]
    low: datetime
    high: datetime


def news_of_sync(world: World, user: str, low: datetime, high: datetime) -> News:
    """Return what a sync of [low, high) brought; a night counts where it ended inside."""
    nights = (day.night for day in world.days_back(user, low, high))
    slept = any(night is not None and low <= night.end < high for night in nights)
    return News(user, (STEPS, HEART_RATE, SLEEP) if slept else (STEPS, HEART_RATE), low, high)
