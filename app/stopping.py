"""Stopping on a signal."""

from __future__ import annotations

import _thread
import signal
import threading


def stop_on_signals(stop: threading.Event) -> None:
    """Have SIGTERM and Ctrl-C set `stop`; to be called in the main thread.

    A handler runs in the main thread between any two of its steps, also while that holds the
    event's lock to look at it: setting it right there could wait for itself for ever.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _thread.start_new_thread(stop.set, ()))
