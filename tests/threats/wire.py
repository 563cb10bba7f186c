"""What this process looks up and connects to, as the interpreter itself reports it."""

from __future__ import annotations

import ipaddress
import sys
from types import TracebackType
from typing import Any

_watching: list[Wire] = []


class Wire:
    """Within the `with`: every host looked up and every address a socket was to connect to.

    Nothing can be sent to anybody without a connect, so no connect is no byte.
    """

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []

    def __enter__(self) -> Wire:
        if _hook not in _installed:
            sys.addaudithook(_hook)  # cannot be taken back, so it is installed once
            _installed.append(_hook)
        _watching.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _watching.remove(self)

    def strangers(self, url: str) -> list[object]:
        """Whoever was looked up or connected to besides the server at `url` on this machine."""
        port = int(url.rsplit(":", 1)[1])
        names = [host for host in self.looked_up if host != "localhost"]
        return [*names, *(to for to in self.connected if to[1] != port or not _is_loopback(to[0]))]


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        for wire in _watching:
            wire.looked_up.append(str(arguments[0]))
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        for wire in _watching:
            wire.connected.append((str(arguments[1][0]), int(arguments[1][1])))


_installed: list[object] = []
