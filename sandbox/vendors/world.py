"""The simulated world: who has an account where, what is synced, and what time it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import time as seconds_now

from sandbox.vendors.apps import GOOGLE, WITHINGS, App
from sandbox.vendors.limits import Limiter
from sandbox.vendors.store import Store
from sandbox.wearer.days import Day, day_of
from sandbox.wearer.people import WEARERS, Wearer

HISTORY = timedelta(days=400)

ACCOUNTS: Mapping[str, Mapping[str, str]] = {
    GOOGLE: {
        "marit": "111256096816351",
        "amara": "111256096816352",
        "elena": "111256096816353",
    },
    WITHINGS: {"jonas": "12345678"},
}
"""Per vendor: wearer -> the vendor's own user id."""

PROMPT = timedelta(hours=1)
"""What arrives within this time is taken to arrive when it is measured."""

FIRST_SYNC_AGO = timedelta(hours=20)
"""How stale the watch is when its account is linked: the rest arrives late."""


@dataclass(slots=True)
class World:
    """What every part of the simulators shares.

    `pace` stretches the scripted delays; `rate_scale` shortens the vendors' rate-limit windows.
    """

    store: Store
    apps: Mapping[str, App]
    url: str
    limiter: Limiter
    pace: float = 1.0
    clock: Callable[[], float] = seconds_now

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def anchor(self) -> date:
        """Return the day from which the wearers' "days ago" count: the day of the first start."""
        return date.fromisoformat(self.store.fact("anchor", self.now().date().isoformat()))

    def wearer_of(self, vendor: str, vendor_user: str) -> Wearer:
        """Return who has this account; raises KeyError."""
        names = {account: name for name, account in ACCOUNTS[vendor].items()}
        return WEARERS[names[vendor_user]]

    def synced(self, user: str) -> datetime:
        """Return up to when the vendor has received this wearer's data."""
        row = self.store.row("SELECT synced FROM wearers WHERE user = ?", user)
        return datetime.fromtimestamp(row["synced"], UTC) if row else self.now() - FIRST_SYNC_AGO

    def sync(self, user: str) -> tuple[datetime, datetime]:
        """Let the watch bring what it holds; return from when to when that was measured."""
        low, high = self.synced(user), self.now()
        with self.store.transaction() as connection:
            connection.execute(
                "INSERT INTO wearers VALUES (?, ?)"
                " ON CONFLICT (user) DO UPDATE SET synced = excluded.synced",
                (user, high.timestamp()),
            )
            if high - low > PROMPT:
                arrival = (user, low.timestamp(), high.timestamp())
                connection.execute("INSERT INTO arrivals VALUES (?, ?, ?)", arrival)
        return low, high

    def arrived(self, user: str, at: datetime) -> datetime:
        """Return when the vendor received what was measured at an instant."""
        row = self.store.row(
            "SELECT max(high) AS high FROM arrivals WHERE user = ? AND low < ? AND high >= ?",
            *(user, at.timestamp(), at.timestamp()),
        )
        return datetime.fromtimestamp(row["high"], UTC) if row and row["high"] else at

    def amended(self, user: str, day: date) -> datetime | None:
        """Return when a day gained steps after it was first synced."""
        row = self.store.row(
            "SELECT at FROM amendments WHERE user = ? AND day = ?", user, day.isoformat()
        )
        return datetime.fromtimestamp(row["at"], UTC) if row else None

    def touched_since(self, user: str, at: datetime) -> datetime:
        """Return the earliest instant of which anything arrived or changed from `at` on."""
        row = self.store.row(
            "SELECT min(low) AS low FROM arrivals WHERE user = ? AND high >= ?",
            *(user, at.timestamp()),
        )
        late = [datetime.fromtimestamp(row["low"], UTC)] if row and row["low"] else []
        amended = self.store.rows(
            "SELECT day FROM amendments WHERE user = ? AND at >= ?", user, at.timestamp()
        )
        zone = WEARERS[user].zone
        days = [datetime.combine(date.fromisoformat(one["day"]), time(), zone) for one in amended]
        return min([at, *late, *(one.astimezone(UTC) for one in days)])

    def day(self, user: str, day: date) -> Day:
        """Return one day of a wearer, however much of it is synced."""
        return day_of(user, day, self.anchor())

    def late_steps(self, user: str, day: date) -> int:
        """Return the steps that a day gained after it was first synced."""
        row = self.store.row(
            "SELECT steps FROM late_steps WHERE user = ? AND day = ?", user, day.isoformat()
        )
        return int(row["steps"]) if row else 0

    def deleted(self, user: str, kind: str) -> list[tuple[float, float]]:
        """Return between which instants the wearer deleted what a kind of data had."""
        rows = self.store.rows(
            "SELECT low, high FROM deleted WHERE user = ? AND kind = ?", user, kind
        )
        return [(row["low"], row["high"]) for row in rows]

    def steps_total(self, user: str, day: date) -> int | None:
        """Return the day's steps as far as synced; None where the watch was not worn."""
        made = self.day(user, day)
        count = made.slots_until(self.synced(user))
        if not made.rates[:count].any():
            return None
        return int(made.steps[:count].sum()) + self.late_steps(user, day)

    def days_back(self, user: str, low: datetime, high: datetime) -> Iterator[Day]:
        """Yield the wearer's days that touch [low, high), newest first, within their history."""
        zone = WEARERS[user].zone
        newest = min(high, self.synced(user)).astimezone(zone).date()
        oldest = max(low.astimezone(zone).date(), self.anchor() - HISTORY)
        day = newest
        while day >= oldest:
            yield self.day(user, day)
            day -= timedelta(days=1)
