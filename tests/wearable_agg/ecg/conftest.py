"""A device that can misbehave, before a real gateway on a real socket."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select
from websockets.sync.client import connect

from tests.support.gateway import Gateway
from wearable_agg.ecg.binary import encode_samples
from wearable_agg.ecg.frames import Samples
from wearable_agg.ecg.tables import frames

RATE = 250
ANSWER_SECONDS = 10


class Device:
    """A device on the wire: sends exactly what it is told, slices of 0.1 s."""

    def __init__(self, gateway: Gateway, session: str, **changes: Any) -> None:
        self._connecting = connect(gateway.url, compression=None, proxy=None)
        self.hello = {
            "type": "hello",
            "version": 1,
            "token": gateway.token(),
            "session": session,
            "device": {"vendor": "Test", "model": "Patch", "serial": "T1"},
            "leads": ["I"],
            "rate": RATE,
            "gain": 2.5,
            "device_time": time.time_ns() // 1000,
            **changes,
        }

    def __enter__(self) -> Device:
        self._socket = self._connecting.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self._connecting.__exit__(None, None, None)

    def greet(self) -> dict[str, Any]:
        self.send(self.hello)
        return self.hear()

    def send(self, frame: dict[str, Any]) -> None:
        self._socket.send(json.dumps(frame))

    def raw(self, data: bytes | str) -> None:
        self._socket.send(data)

    def slices(self, first: int, last: int, origin: int, lead: int = 0) -> None:
        """Send slices `first` to `last`; each holds its number as its samples."""
        for number in range(first, last + 1):
            self.raw(encode_samples(a_slice(number, origin, lead)))

    def hear(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._socket.recv(ANSWER_SECONDS))
        return document

    def acknowledged(self, sequence: int) -> None:
        """Wait until a slice is acknowledged."""
        while (frame := self.hear()) != {"type": "ack", "sequence": sequence}:
            assert frame["type"] == "ack", frame

    def drop(self) -> None:
        """Break the connection without a word."""
        self._socket.socket.shutdown(socket.SHUT_RDWR)


def a_slice(number: int, origin: int, lead: int = 0) -> Samples:
    counts = np.full(RATE // 10, number % 30000, np.int16)
    return Samples(lead, number, origin + 100_000 * number, counts)


def stored(engine: Engine) -> list[tuple[int, int, int]]:
    """Return (sequence, lead, first sample) of every frame, in the order of arrival."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(frames).where(frames.c.lead >= 0).order_by(frames.c.id)
        ).all()
    return [(row.sequence, row.lead, int.from_bytes(row.counts[:2], "little")) for row in rows]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    running = Gateway(tmp_path)
    yield running
    running.stop()
    running.inbox.dispose()


@pytest.fixture
def session() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def origin() -> int:
    """Device time of slice 0: ten minutes ago."""
    return time.time_ns() // 1000 - 600_000_000


@pytest.fixture
def device(gateway: Gateway, session: str) -> Callable[..., Device]:
    def make(**changes: Any) -> Device:
        return Device(gateway, session, **changes)

    return make


@pytest.fixture
def inbox(gateway: Gateway) -> Callable[[], list[tuple[int, int, int]]]:
    return lambda: stored(gateway.inbox)
