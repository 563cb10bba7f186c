"""The beat of the engine: looks into the inbox at even intervals, other work in what is between."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Protocol


class Paced(Protocol):
    """What `EmbeddedEngine` does of this."""

    def advance(self) -> bool:
        """Take in a batch; True where more may be waiting."""
        ...

    def tend(self) -> bool:
        """Do a little of what can wait; True where there was anything."""
        ...


def beat(
    engine: Paced,
    others: Callable[[], bool],
    interval: float,
    pause: Callable[[float], object],
) -> bool:
    """Take in a batch, then do other things until `interval` seconds after the beginning.

    Returns at once, True, where more may be in the inbox: alerts come first. Else a little of what
    can wait is done at a time, once at least, by the engine and, where that has nothing to do, by
    `others`, which tells whether it had; the rest of the time is for `pause`, which takes seconds.
    """
    until = time.monotonic() + interval
    if engine.advance():
        return True
    while (engine.tend() or others()) and time.monotonic() < until:
        pass
    pause(max(0.0, until - time.monotonic()))
    return False


def calm_memory() -> None:
    """Spare the collector what lives as long as the process: it stops everything for 0.1 s."""
    gc.collect()
    gc.freeze()
