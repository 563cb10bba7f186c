from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from app.stopping import stop_on_signals


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """An event that signals set, until the test is over."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    event = threading.Event()
    stop_on_signals(event)
    yield event
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_while_the_event_is_looked_at_stops_all_the_same(
    stop: threading.Event, number: signal.Signals
) -> None:
    with stop._cond:  # type: ignore[attr-defined]  # held for a moment by every look at it
        os.kill(os.getpid(), number)
    assert stop.wait(10)
