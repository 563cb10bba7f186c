"""Documents kept for a while: as long as their server says, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from requests import Response

USUAL_SECONDS = 600.0  # where the server says nothing
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 3600.0
MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})\"?(?:$|[,\s;])", re.IGNORECASE)
NOT_AT_ALL = re.compile(r"(?:^|[,\s])no-(?:store|cache)(?:$|[,\s=])", re.IGNORECASE)

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Entry(Generic[Kept]):
    """A value with the moments (monotonic seconds) when it was fetched and when it is stale."""

    value: Kept
    since: float
    until: float


def freshness(answer: Response) -> float:
    """For how many seconds to keep an answer, between a minute and an hour.

    Never less than a minute: a sign-in asks several times, and discovery is the same each time.
    """
    said = answer.headers.get("Cache-Control", "")
    if NOT_AT_ALL.search(said):
        return SHORTEST_SECONDS
    found = MAX_AGE.search(said)
    seconds = float(found[1]) if found else USUAL_SECONDS
    return min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
