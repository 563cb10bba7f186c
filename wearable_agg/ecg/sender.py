"""A device's side of the stream protocol, for recordings that are at hand as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from wearable_agg.ecg.binary import encode_slice
from wearable_agg.ecg.frames import (
    SUBPROTOCOL,
    Ack,
    Bye,
    Code,
    Control,
    ErrorFrame,
    Hello,
    ProtocolError,
    Ready,
    Slice,
)
from wearable_agg.ecg.protocol import decode_control, encode_control

OPENING_SECONDS = 10.0
ANSWER_SECONDS = 30.0
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.2, 5.0
GIVE_UP_SECONDS = 60.0
_COME_BACK = (Code.UNAVAILABLE, Code.REPLACED)

Progress = Callable[[int], None]


class GatewayAway(Exception):
    """The gateway cannot be reached, or closed the connection; the stream can be taken up again."""


def send(
    gateway: str,
    hello: Callable[[], Hello],
    slices: Sequence[Slice],
    *,
    speed: float,
    progress: Progress,
) -> None:
    """Send `slices`, of one lead or of beats, and return when all are on the gateway's disk.

    `hello` is made anew for each connection. `speed` is how many seconds of signal go out in a
    second, 0 as many as are acknowledged. `progress` is told how many slices are on disk. Lost
    connections are taken up again; raises GatewayAway after a minute without any progress, and
    ProtocolError where the gateway refuses the stream.
    """
    pace = _Pace(slices, speed)
    wait, moved_at = FIRST_BACK_OFF, time.monotonic()

    def note(stored: int) -> None:
        nonlocal wait, moved_at
        wait, moved_at = FIRST_BACK_OFF, time.monotonic()
        progress(stored)

    while True:
        try:
            _send_over_one(gateway, hello(), slices, pace, note)
            return
        except GatewayAway:
            if time.monotonic() - moved_at > GIVE_UP_SECONDS:
                raise
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_BACK_OFF)


class _Pace:
    """Says when a slice may go out."""

    def __init__(self, slices: Sequence[Slice], speed: float) -> None:
        self._slices, self._speed, self._began = slices, speed, time.monotonic()

    def seconds_until(self, sequence: int) -> float:
        """Return how long a slice has to wait, 0 or less where it may go."""
        if self._speed == 0:
            return 0.0
        since = self._slices[sequence].device_time - self._slices[0].device_time
        return self._began + since / 1e6 / self._speed - time.monotonic()


def _send_over_one(
    gateway: str, hello: Hello, slices: Sequence[Slice], pace: _Pace, progress: Progress
) -> None:
    try:
        with connect(
            gateway,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            compression=None,
            proxy=None,
            open_timeout=OPENING_SECONDS,
        ) as socket:
            _Transfer(socket, slices, pace, progress).run(hello)
    except (OSError, ConnectionClosed) as error:  # TimeoutError is an OSError
        raise GatewayAway(str(error) or type(error).__name__) from error


class _Transfer:
    """What is under way on one connection."""

    def __init__(
        self,
        socket: ClientConnection,
        slices: Sequence[Slice],
        pace: _Pace,
        progress: Progress,
    ) -> None:
        self._socket, self._slices, self._pace = socket, slices, pace
        self._progress = progress
        self._next = self._stored = self._window = 0

    def run(self, hello: Hello) -> None:
        """Send everything from where the gateway stands, then say bye."""
        self._send(hello)
        ready = self._receive(ANSWER_SECONDS)
        if not isinstance(ready, Ready):
            raise GatewayAway("no ready")
        self._next = self._stored = ready.next
        self._window = ready.window
        self._progress(self._stored)
        while self._stored < len(self._slices):
            self._send_what_may_go()
            self._hear()
        self._send(Bye("complete"))
        while not isinstance(self._receive(ANSWER_SECONDS), Bye):
            pass

    def _send_what_may_go(self) -> None:
        while self._may_send() and self._pace.seconds_until(self._next) <= 0:
            self._socket.send(encode_slice(self._slices[self._next]))
            self._next += 1

    def _may_send(self) -> bool:
        return self._next < len(self._slices) and self._next - self._stored < self._window

    def _hear(self) -> None:
        """Wait for the gateway until the next slice is due."""
        wait = self._pace.seconds_until(self._next) if self._may_send() else ANSWER_SECONDS
        try:
            frame = self._receive(max(0.0, wait))
        except TimeoutError:
            if not self._may_send():
                raise
            return
        match frame:
            case Ack(sequence):
                self._stored = max(self._stored, sequence + 1)
                self._progress(self._stored)
            case ErrorFrame(code=Code.OUT_OF_SEQUENCE, expected=int(expected)):
                self._next = expected
            case _:
                pass

    def _send(self, frame: Control) -> None:
        self._socket.send(encode_control(frame))

    def _receive(self, seconds: float) -> Control:
        frame = decode_control(self._socket.recv(seconds))
        if isinstance(frame, ErrorFrame) and frame.fatal:
            if frame.code in _COME_BACK:
                raise GatewayAway(frame.message)
            raise ProtocolError(frame.code, frame.message)
        return frame
