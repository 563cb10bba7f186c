"""A short memory in this process: what several callbacks want at once is read once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

MOST_ENTRIES = 512

Read = TypeVar("Read")


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: Any = None


class Memory:
    """Keeps values for seconds; holds patient data, so keys must begin with the context's id."""

    def __init__(self) -> None:
        self._slots: dict[Hashable, _Slot] = {}
        self._lock = threading.Lock()

    def recall(
        self, key: Hashable, read: Callable[[], Read], seconds: Callable[[Read], float]
    ) -> Read:
        """What `read` answered within the last `seconds`; one caller reads, others wait for it."""
        slot = self._slot(key)
        with slot.lock:
            if time.monotonic() >= slot.until:
                slot.value = read()
                slot.until = time.monotonic() + seconds(slot.value)
            return cast(Read, slot.value)

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            if len(self._slots) >= MOST_ENTRIES:
                now = time.monotonic()
                self._slots = {k: s for k, s in self._slots.items() if s.until > now}
            return self._slots.setdefault(key, _Slot())
