"""A short memory between the page and its services, so that a range click reads nothing anew.

It holds patient data in memory for minutes at most, keyed by context and by visit (one load of
the page): a reloaded page reads afresh, and so does a look that asks for it. Whoever asks has
just been let in by `open`. Parts that were missing are not kept: the next look tries again.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TypeVar

import pandas as pd

from dashboards.series import table
from dashboards.services import MedicationRead, Missing, Services, WearableRead

_MOST_ENTRIES = 128


@dataclass(frozen=True, slots=True)
class Wearables:
    """Daily values as read, as a table (`series.table`), and a digest, equal for equal days."""

    read: WearableRead | Missing
    frame: pd.DataFrame
    digest: str

    @classmethod
    def of(cls, read: WearableRead | Missing) -> "Wearables":
        """What was read, or what is missing, with its table."""
        days = () if isinstance(read, Missing) else read.days
        content = repr(read if isinstance(read, Missing) else days)
        return cls(read, table(days), hashlib.sha256(content.encode()).hexdigest())


Kept = TypeVar("Kept", MedicationRead, Wearables)


@dataclass(frozen=True, slots=True)
class _Entry:
    until: float
    value: MedicationRead | Wearables


class Recent:
    """Reads through to the services, and keeps medications and daily values for a while."""

    def __init__(
        self, services: Services, *, seconds: float = 600, clock: Callable[[], float] | None = None
    ) -> None:
        self._services = services
        self._seconds = seconds
        self._clock = clock or time.monotonic
        self._entries: dict[tuple[object, ...], _Entry] = {}
        self._lock = Lock()

    def medications(
        self, context: str, visit: str, *, fresh: bool = False
    ) -> MedicationRead | Missing:
        """As in Services."""
        key = (context, visit, "medications")
        self._drop(key, fresh)
        return self._kept(key, MedicationRead, lambda: self._services.medications(context))

    def wearables(
        self, context: str, visit: str, first: date, last: date, *, fresh: bool = False
    ) -> Wearables | Missing:
        """As in Services, and as a table."""
        key = (context, visit, "wearables", first, last)
        self._drop(key, fresh)
        return self._kept(
            key, Wearables, lambda: _tabled(self._services.wearables(context, first, last))
        )

    def _kept(
        self, key: tuple[object, ...], kind: type[Kept], read: Callable[[], Kept | Missing]
    ) -> Kept | Missing:
        now = self._clock()
        with self._lock:
            entry = self._entries.get(key)
        if entry and entry.until > now and isinstance(entry.value, kind):
            return entry.value
        value = read()
        if isinstance(value, Missing):
            return value
        with self._lock:
            self._entries = self._alive(now)
            self._entries[key] = _Entry(now + self._seconds, value)
        return value

    def _drop(self, key: tuple[object, ...], fresh: bool) -> None:
        if fresh:
            with self._lock:
                self._entries.pop(key, None)

    def _alive(self, now: float) -> dict[tuple[object, ...], _Entry]:
        alive = {key: entry for key, entry in self._entries.items() if entry.until > now}
        newest = list(alive.items())[-_MOST_ENTRIES + 1 :]
        return dict(newest)


def _tabled(read: WearableRead | Missing) -> Wearables | Missing:
    return read if isinstance(read, Missing) else Wearables.of(read)
