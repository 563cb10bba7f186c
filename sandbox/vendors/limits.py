"""Request limits per window of time, as the vendors count them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Limiter:
    """Counts requests per key in fixed windows of one minute, shortened by `scale`."""

    def __init__(self, scale: float = 1.0, clock: Callable[[], float] = time.time) -> None:
        self.scale = scale
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def spend(self, key: str, per_window: int) -> float | None:
        """Count one request; return the seconds to wait where the limit is spent, else None."""
        length = 60 / self.scale
        window, into = divmod(self._clock(), length)
        with self._lock:
            last, count = self._counts.get(key, (-1, 0))
            count = count + 1 if last == window else 1
            self._counts[key] = (int(window), count)
        return math.ceil((length - into) * 1000) / 1000 if count > per_window else None

    def retry_header(self, seconds: float) -> dict[str, str]:
        """Return a Retry-After header where windows are shortened, otherwise nothing.

        The real vendors send none; a scaled window cannot be known from their documentation.
        """
        return {} if self.scale == 1 else {"Retry-After": str(math.ceil(seconds))}
