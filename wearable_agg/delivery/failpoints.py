"""Places where a fault test kills the process; without its environment variable they do nothing."""

from __future__ import annotations

import os
import signal

VARIABLE = "WRISTCHART_FAIL_AT"
NAMES = (
    "after_inflight",
    "before_send",
    "after_send",
    "after_answer",
    "before_done",
    "after_done",
)


def reached(name: str) -> None:
    """Die as by kill -9 if the environment asks for it at this very place."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
