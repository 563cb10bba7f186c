"""The writes of one delivery process that are under way, and waiting for the next."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

from wearable_agg.store.commits import Commits


class Desk:
    """Counts the writes under way, and keeps what went wrong with one."""

    def __init__(self, places: int) -> None:
        self._places, self._taken = places, 0
        self._change = threading.Condition()
        self._changed = False
        self._error: BaseException | None = None

    def is_free(self) -> bool:
        """Tell whether one more may begin."""
        with self._change:
            return self._taken < self._places

    def begin(self) -> None:
        """Count one more."""
        with self._change:
            self._taken += 1

    def end(self, done: Future[None]) -> None:
        """Count one less; the first thing that went wrong is kept for `check`."""
        with self._change:
            self._taken -= 1
            self._error = self._error or done.exception()
            self._changed = True
            self._change.notify_all()

    def wait(self, seconds: float, commits: Commits) -> None:
        """Wait until a write has ended or somebody committed to the store, or so many seconds."""
        until = time.monotonic() + seconds
        with self._change:
            while not self._change.wait_for(lambda: self._changed, commits.pause):
                if commits.have_come() or time.monotonic() >= until:
                    break
            self._changed = False

    def check(self) -> None:
        """Raise what went wrong with a write: our database failed, or our own code."""
        with self._change:
            error, self._error = self._error, None
        if error is not None:
            raise error
