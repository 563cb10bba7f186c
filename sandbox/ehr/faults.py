"""Faults a test or a demo can switch on; they last until switched off or the process ends."""

from __future__ import annotations

import threading
import time
from typing import Any

from sandbox.ehr.fhir.problems import Unavailable


class Faults:
    """``down``: FHIR answers 503. ``delay_seconds``: it answers late. ``lose_replies``: the next
    so many writes are done but answered 504, as a proxy does that gave up waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._down, self._delay_seconds, self._lose_replies = False, 0.0, 0

    def set(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Change the named faults and return all of them; raises ValueError, TypeError."""
        with self._lock:
            self._down = bool(wanted.get("down", self._down))
            self._delay_seconds = float(wanted.get("delay_seconds", self._delay_seconds))
            self._lose_replies = int(wanted.get("lose_replies", self._lose_replies))
        return self.describe()

    def describe(self) -> dict[str, Any]:
        """The faults in force."""
        return {
            "down": self._down,
            "delay_seconds": self._delay_seconds,
            "lose_replies": self._lose_replies,
        }

    def before_request(self) -> None:
        """Wait, then raise Unavailable, as far as switched on."""
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
        if self._down:
            raise Unavailable("The EHR is down for maintenance.")

    def loses_reply(self) -> bool:
        """Whether the answer to this write is to be lost; counts down."""
        with self._lock:
            lost = self._lose_replies > 0
            self._lose_replies -= lost
        return lost
