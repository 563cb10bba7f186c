"""The writes of one delivery process that are under way, and waiting for the next."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial

from wearable_agg.delivery.gates import Key
from wearable_agg.store.commits import Commits


class Desk:
    """Counts the writes under way by chart, and keeps what went wrong with one."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._taken: Counter[Key] = Counter()
        self._change = threading.Condition()
        self._changed = False
        self._error: BaseException | None = None

    def is_free(self) -> bool:
        """Tell whether one more may begin."""
        with self._change:
            return self._taken.total() < self._places

    def with_room(self, keys: Iterable[Key]) -> list[Key]:
        """Return the charts that may have one more; of several none takes the last quarter.

        An EHR that is slow to answer so leaves places to the others.
        """
        known = list(keys)
        most = self._places if len(known) < 2 else max(self._places - self._places // 4, 1)
        with self._change:
            return [key for key in known if self._taken[key] < most]

    def begin(self, key: Key, work: Future[None]) -> None:
        """Count one more, until `work` is done; what went wrong first is kept for `check`."""
        with self._change:
            self._taken[key] += 1
        work.add_done_callback(partial(self._end, key))

    def _end(self, key: Key, done: Future[None]) -> None:
        with self._change:
            self._taken[key] -= 1
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
