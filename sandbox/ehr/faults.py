"""Faults a test or a demo can switch on; they last until switched off or the process ends."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from sandbox.ehr.fhir.problems import Throttled, Unavailable

COUNTED = (
    "lose_replies",
    "slow_commits",
    "errors_in_200",
    "html_in_200",
    "throttles",
    "expire_tokens",
    "failures",
)
"""Faults that strike the next so many writes."""

RETRY_AFTER = ("seconds", "date", "milliseconds")
"""The forms in which a throttled client is told how long to wait."""


class Faults:
    """``down``: FHIR answers 503. ``delay_seconds``: it answers late.

    Of the writes, the next so many: ``lose_replies`` are done but answered 504, as a proxy does
    that gave up waiting; ``slow_commits`` are done ``slow_seconds`` later; ``errors_in_200`` and
    ``html_in_200`` are not done but answered 200; ``throttles`` are answered 429 in the form
    ``retry_after``, for ``retry_seconds``; ``expire_tokens`` find their token expired;
    ``failures`` are answered 500. ``rates`` makes each of these strike by chance.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chance = random.Random()
        self._down, self._delay_seconds = False, 0.0
        self._left: dict[str, int] = dict.fromkeys(COUNTED, 0)
        self._rates: dict[str, float] = {}
        self._slow_seconds, self._retry_seconds, self._retry_after = 0.5, 1.0, "seconds"

    def set(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named faults and return all of them; raises ValueError, TypeError."""
        with self._lock:
            self._down = bool(wanted.get("down", self._down))
            self._delay_seconds = float(wanted.get("delay_seconds", self._delay_seconds))
            self._slow_seconds = float(wanted.get("slow_seconds", self._slow_seconds))
            self._retry_seconds = float(wanted.get("retry_seconds", self._retry_seconds))
            self._retry_after = _known(wanted.get("retry_after", self._retry_after), RETRY_AFTER)
            self._left |= {name: int(wanted[name]) for name in COUNTED if name in wanted}
            rates = dict(wanted.get("rates", self._rates))
            self._rates = {_known(name, COUNTED): float(rate) for name, rate in rates.items()}
            if "seed" in wanted:
                self._chance.seed(int(wanted["seed"]))
        return self.describe()

    def describe(self) -> dict[str, Any]:
        """The faults in force."""
        return {
            "down": self._down,
            "delay_seconds": self._delay_seconds,
            "slow_seconds": self._slow_seconds,
            "retry_seconds": self._retry_seconds,
            "retry_after": self._retry_after,
            "rates": dict(self._rates),
            **self._left,
        }

    def before_request(self) -> None:
        """Wait, then raise Unavailable, as far as switched on."""
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
        if self._down:
            raise Unavailable("The EHR is down for maintenance.")

    def before_write(self) -> None:
        """Raise Throttled, or wait with a write whose commit is to be slow."""
        if self.strikes("throttles"):
            raise Throttled("Too many requests.", self._retry_seconds, self._retry_after)
        if self.strikes("slow_commits"):
            time.sleep(self._slow_seconds)

    def strikes(self, name: str) -> bool:
        """Whether this fault strikes the write at hand; counts down."""
        with self._lock:
            struck = self._left[name] > 0
            self._left[name] -= struck
            rate = self._rates.get(name, 0.0)
            return struck or (rate > 0 and self._chance.random() < rate)


def _known(name: object, names: tuple[str, ...]) -> str:
    if name not in names:
        raise ValueError(f"{name!r} is not one of {', '.join(names)}")
    return str(name)
