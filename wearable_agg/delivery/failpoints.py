"""Places where a fault test kills the process; without its environment variable they do nothing."""

from __future__ import annotations

import itertools
import os
import signal

VARIABLE = "WRISTCHART_FAIL_AT"
"""Names a place, and after a blank which pass of it is the last one: the first if none is named."""

NAMES = (
    "after_inflight",
    "before_send",
    "after_send",
    "after_answer",
    "before_done",
    "after_done",
)


_passes = itertools.count(1)


def reached(name: str) -> None:
    """Die as by kill -9 if the environment asks for it at this very place and pass."""
    wanted, _, last = os.environ.get(VARIABLE, "").partition(" ")
    if wanted == name and next(_passes) >= int(last or 1):
        os.kill(os.getpid(), signal.SIGKILL)
