"""How an EHR that is down or busy is spared: one gate for each, kept by one delivery process."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from wearable_agg.delivery.chart import NotSent, Outcome, Throttled
from wearable_agg.delivery.states import Policy

Key = tuple[str, str]
"""Tenant and issuer."""

LONGEST = timedelta(seconds=30)
"""After an outage it takes at most this long until writes flow again."""


@dataclass(slots=True)
class _Gate:
    shut_until: datetime | None = None
    failures: int = 0


class Gates:
    """Remembers which EHRs may be written to now. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[Key, _Gate] = {}

    def passable(self, keys: Iterable[Key], now: datetime) -> list[Key]:
        """Return those of `keys` whose EHR may be asked now."""
        with self._lock:
            return [key for key in keys if self._is_open(key, now)]

    def passed(self, key: Key, now: datetime) -> None:
        """Tell that a write is on its way; while an EHR is down they go one at a time."""
        with self._lock:
            gate = self._gates.get(key)
            if gate and gate.failures:
                gate.shut_until = now + LONGEST

    def learn(self, key: Key, outcome: Outcome, now: datetime, policy: Policy) -> bool:
        """Shut or open by what an EHR answered; True where it is back after an outage."""
        with self._lock:
            gate = self._gates.setdefault(key, _Gate())
            if isinstance(outcome, NotSent):
                gate.failures += 1
                gate.shut_until = now + min(policy.pause(gate.failures, 1.0), LONGEST)
                return False
            back = gate.failures > 0
            self._gates[key] = _Gate()
            if isinstance(outcome, Throttled):  # it is in reach, only busy
                pause = max(policy.first_pause, policy.asked(outcome.after))
                self._gates[key].shut_until = now + pause
            return back

    def _is_open(self, key: Key, now: datetime) -> bool:
        gate = self._gates.get(key)
        return gate is None or gate.shut_until is None or gate.shut_until <= now
