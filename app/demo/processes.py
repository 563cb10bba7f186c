"""Child processes that live and die with the demo."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 8.0
RESTART_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class Child:
    """One process: how it is started, and the process once it runs."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restart_at: float = 0.0

    def start(self) -> None:
        """Start the process; its output goes to its own log file."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  # our own commands
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=_ROOT
            )

    @property
    def running(self) -> bool:
        """Tell whether the process is alive."""
        return self.process is not None and self.process.poll() is None


_ROOT = Path(__file__).parents[2]


class Processes:
    """Starts children, brings back those that die, and stops all of them."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._children: list[Child] = []

    def start(self, name: str, *arguments: str) -> Child:
        """Start `python ARGUMENTS` under a name."""
        child = Child(name, (sys.executable, *arguments), self._logs / f"{name}.log")
        child.start()
        self._children.append(child)
        return child

    def revive(self) -> list[str]:
        """Start again whatever has died, after a short pause; return their names."""
        revived = []
        for child in self._children:
            if child.running or time.monotonic() < child.restart_at:
                continue
            child.restart_at = time.monotonic() + RESTART_PAUSE_SECONDS
            child.start()
            revived.append(child.name)
        return revived

    def stop(self) -> None:
        """Ask all to stop, then end those that do not."""
        running = [child.process for child in self._children if child.running and child.process]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            _wait(process, deadline)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def is_free(port: int) -> bool:
    """Tell whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(ready: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Ask again and again until `ready` or the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
