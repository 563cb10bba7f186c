"""A device's side of the ECG stream protocol, written from docs/ecg-stream.md alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from websockets import Subprotocol
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from sandbox.patient.patch import Patch

OPENING_SECONDS = 10
SAVING_SECONDS = 5.0
LONGEST_WAIT = 1.0


class ConnectionLost(Exception):
    """The gateway is away, or asked to come back; try again later."""


class Refused(Exception):
    """The gateway will not take this stream, however often it is tried."""


class TokenRefused(Exception):
    """The gateway wants another token."""


class Uplink:
    """Sends slices over one connection until told to stop or all is sent."""

    def __init__(self, patch: Patch, gateway: str) -> None:
        self._patch, self._gateway = patch, gateway
        self._next = self._window = 0
        self._acknowledged = -1
        self._saved = 0.0
        self._moved = False

    def pop_moved(self) -> bool:
        """Tell whether anything was acknowledged since this was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def run(self, token: str, *, live: bool, progress: Callable[[int], None]) -> None:
        """Send what is stored and, if `live`, go on for ever.

        Raises ConnectionLost, TokenRefused or Refused. `progress` is told each acknowledgement.
        """
        try:
            with connect(
                self._gateway,
                subprotocols=[Subprotocol("wristchart.ecg.v1")],
                compression=None,
                proxy=None,
                open_timeout=OPENING_SECONDS,
            ) as socket:
                self._greet(socket, token)
                stored = None if live else self._patch.recorded
                while stored is None or self._acknowledged < stored - 1:
                    self._send_ready(socket, stored)
                    self._hear(socket, progress)
                    self._save()
                self._part(socket)
        except (OSError, TimeoutError, ConnectionClosed) as error:
            raise ConnectionLost(str(error)) from error

    def _greet(self, socket: ClientConnection, token: str) -> None:
        memory = self._patch.memory
        hello = {
            "type": "hello",
            "version": 1,
            "token": token,
            "session": memory.session,
            "device": {
                "vendor": "Sandbox",
                "model": self._patch.MODEL,
                "serial": memory.serial,
                "firmware": "1",
            },
            **self._patch.form(),
            "device_time": time.time_ns() // 1000,
        }
        socket.send(json.dumps(hello))
        ready = self._read(socket.recv(OPENING_SECONDS))
        if ready is None or ready["type"] != "ready":
            raise ConnectionLost("no ready")
        self._next, self._window = ready["next"], ready["window"]
        self._acknowledged = self._next - 1

    def _send_ready(self, socket: ClientConnection, stored: int | None) -> None:
        recorded = self._patch.recorded if stored is None else stored
        while self._next < recorded and self._next - self._acknowledged <= self._window:
            if self._patch.follows_gap(self._next):
                gap = {"type": "gap", "sequence": self._next, "reason": "device_off"}
                socket.send(json.dumps(gap))
            socket.send(self._patch.frame(self._next))
            self._next += 1

    def _hear(self, socket: ClientConnection, progress: Callable[[int], None]) -> None:
        wait = LONGEST_WAIT
        if self._next - self._acknowledged <= self._window:
            wait = min(wait, max(0.0, self._patch.seconds_until(self._next)))
        try:
            frame = self._read(socket.recv(wait))
        except TimeoutError:
            return
        if frame and frame["type"] == "ack":
            self._acknowledged = max(self._acknowledged, frame["sequence"])
            self._moved = True
            progress(self._acknowledged + 1)

    def _read(self, text: str | bytes) -> dict[str, Any] | None:
        """Read a control frame; an error is acted upon here."""
        frame: dict[str, Any] = json.loads(text)
        if frame["type"] != "error":
            return frame
        if frame["code"] == "out_of_sequence":
            self._next = frame["expected"]
        elif frame["code"] == "not_authentic":
            raise TokenRefused(frame["message"])
        elif frame["fatal"] and frame["code"] in ("unavailable", "replaced"):
            raise ConnectionLost(frame["message"])
        elif frame["fatal"]:
            raise Refused(f"{frame['code']}: {frame['message']}")
        return None

    def _part(self, socket: ClientConnection) -> None:
        socket.send('{"type":"bye","reason":"synced"}')
        frame = self._read(socket.recv(OPENING_SECONDS))
        while frame is None or frame["type"] != "bye":
            frame = self._read(socket.recv(OPENING_SECONDS))

    def _save(self) -> None:
        if time.monotonic() - self._saved > SAVING_SECONDS:
            self._saved = time.monotonic()
            self._patch.remember()
