"""What people are asked to share, topic by topic, in the words shown to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from config.clinical import load
from wearable_agg.measurements.types import FURTHER_TOPICS, TOPICS

WORDING = (
    "I agree that {hospital} reads these data of mine from my wearables: {topics}. "
    "My care team may use them for my care{until}. Without this consent nothing is read."
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of consent: its title, and what it means in plain words."""

    name: str
    title: str
    plain: str


@cache
def every_topic() -> tuple[Topic, ...]:
    """Return every topic in the order in which people are asked."""
    titles = {**TOPICS, **FURTHER_TOPICS}
    plain = {name: known["plain"] for name, known in load("consent")["topics"].items()}
    return tuple(Topic(name, titles[name], words) for name, words in plain.items())


def known_topics(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that are topics."""
    return frozenset(names) & {topic.name for topic in every_topic()}


def wording(hospital: str, names: Collection[str], until: datetime | None) -> str:
    """Return the sentence that a person agrees to."""
    titles = [topic.title.lower() for topic in every_topic() if topic.name in names]
    ends = f" until {until:%d %B %Y}" if until else ""
    return WORDING.format(hospital=hospital, topics=", ".join(titles), until=ends)
