"""kill -9 of the gateway in mid-stream: no acknowledged frame is lost, none is there twice."""

import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from safeguards.assertions import Asker, Signer
from tests.support.sharing import share_rhythm
from wearable_agg.ecg.frames import Device, Hello, Samples
from wearable_agg.ecg.sender import send
from wearable_agg.ecg.tables import frames, open_inbox

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
SLICES = 12_000
KILLS = 4
SESSION = "6f8f2f5e-5c0c-4f1b-9a51-0f4f5f0b7a11"
SETTINGS = """
data = "."
[web]
host = "127.0.0.1"
port = 1
url = "http://127.0.0.1:1"
[api]
host = "127.0.0.1"
port = 1
url = "http://127.0.0.1:1"
[gateway]
host = "127.0.0.1"
port = {port}
url = "ws://127.0.0.1:{port}"
"""


class Killable:
    """The gateway role in a process of its own."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._config = folder / "wristchart.toml"
        self._config.write_text(SETTINGS.format(port=self.port))
        self._log = (folder / "gateway.log").open("w")

    def start(self):
        command = [sys.executable, "-m", "app.cli", "--config", str(self._config), "run", "gateway"]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=self._log)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def _answers(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1):
                return True
        except OSError:
            return False


@pytest.fixture
def gateway(tmp_path):
    share_rhythm(tmp_path / "wearables.db", "sandbox", "http://ehr", "marit")
    running = Killable(tmp_path)
    running.start()
    yield running
    running.kill()


def hello(folder):
    asker = Asker("sandbox", "http://ehr", "marit", "u", "U", "c", frozenset({"ecg.write"}))
    token = Signer.open(folder / "keys").sign(asker, "wristchart-gateway")
    device = Device("Test", "Patch", "T1")
    return Hello(token, SESSION, device, ("I",), 250.0, 2.5, time.time_ns() // 1000)


def stored(inbox):
    with inbox.connect() as connection:
        query = select(frames.c.sequence, frames.c.counts).where(frames.c.lead >= 0)
        rows = connection.execute(query.order_by(frames.c.id))
        return [(row.sequence, int.from_bytes(row.counts[:2], "little")) for row in rows]


@pytest.mark.threat("T46")
def test_gateway_killed_in_mid_stream_loses_and_doubles_nothing(gateway, tmp_path):
    chance = random.Random(3)  # noqa: S311
    origin = time.time_ns() // 1000 - SLICES * 100_000
    slices = [Samples(0, n, origin + n * 100_000, np.full(25, n, np.int16)) for n in range(SLICES)]
    acknowledged, kept = [0], []
    sending = threading.Thread(
        target=send,
        args=(f"ws://127.0.0.1:{gateway.port}/ecg", lambda: hello(tmp_path), slices),
        kwargs={"speed": 0, "progress": lambda stored: acknowledged.append(stored)},
    )
    sending.start()
    inbox = open_inbox(tmp_path / "ecg.db")
    for part in range(1, KILLS + 1):
        while acknowledged[-1] < part * SLICES // (KILLS + 2):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        gateway.kill()
        kept.append((acknowledged[-1], len(stored(inbox))))
        gateway.start()
    sending.join(60)
    assert all(0 < promised <= present < SLICES for promised, present in kept), kept
    assert stored(inbox) == [(n, n) for n in range(SLICES)]
