"""Intake, worker and API killed at moments nobody chose, under load: nothing lost or twice."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.support.backend import NEW_YEAR, link_person, notice, open_world
from wearable_agg.intake import inbox, jobs
from wearable_agg.intake.notices import unpack
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Window

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
SEED = 20260315
DAYS, ROWS_A_DAY = 24, 200
HEAD = """
import sys, threading
from datetime import timedelta
from pathlib import Path
from tests.support.backend import measured, open_world
world = open_world(Path(sys.argv[1]))
"""
ROLES = {
    "worker": """
import time
worker = world.worker()
print("ready", flush=True)
while True:
    if not worker.step():
        time.sleep(0.02)
""",
    "intake": f"""
from wearable_agg.intake.polling import Poller
world.band.data = [
    measured(day * 1440 + 7 * n) for day in range({DAYS}) for n in range({ROWS_A_DAY})
]
world.band.page_size = 50
print("ready", flush=True)
Poller(world.engine, world.vault, world.sites, threading.Event()).run()
""",
    "api": """
from werkzeug.serving import make_server
server = make_server("127.0.0.1", int(sys.argv[2]), world.api(), threaded=True)
print("ready", flush=True)
server.serve_forever()
""",
}


class Load:
    """Notifications without end; remembers those that were acknowledged."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/webhooks/scale/unguessable-path"
        self.acknowledged: list[str] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        sent = 0
        while not self.stop.is_set():
            sent += 1
            user = f"user-{sent}"
            try:
                if requests.post(self.url, notice(user=user), timeout=5).status_code == 200:
                    self.acknowledged.append(user)
            except requests.RequestException:
                pass
            time.sleep(0.02)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join()


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """The three processes over one store."""

    def __init__(self, folder: Path, listening: int) -> None:
        self.folder, self.listening = folder, listening
        self.running = {role: self.start(role) for role in ROLES}

    def start(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", HEAD + ROLES[role], str(self.folder), str(self.listening)]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def wait_for(self, role: str) -> None:
        """Return once a role is at work."""
        output = self.running[role].stdout
        assert output is not None
        assert output.readline() == b"ready\n"

    def kill(self, role: str) -> None:
        with self.running[role] as process:
            process.kill()

    def restart(self, role: str) -> None:
        self.running[role] = self.start(role)


@pytest.mark.threat("T46")
@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.long)])
def test_every_acknowledged_payload_is_in_the_store_exactly_once(tmp_path, kills):
    chance = random.Random(SEED)  # noqa: S311  # the same moments each time
    world = open_world(tmp_path)
    account = link_person(world)
    with writing(world.engine) as connection:
        connection.exec_driver_sql("UPDATE vendor_accounts SET next_poll_at = 9e18")
        for day in range(DAYS):
            start = NEW_YEAR + timedelta(days=day)
            window = Window(start, start + timedelta(days=1))
            jobs.schedule(connection, "sandbox", account, "beats", [window])
    site = Site(tmp_path, port())
    try:
        with Load(site.listening) as load:
            for number in range(kills):
                role = list(ROLES)[number % len(ROLES)]
                site.wait_for(role)
                time.sleep(chance.uniform(0.0, 0.4))
                site.kill(role)
                if role == "intake":  # a killed process cannot give its leases back
                    with writing(world.engine) as connection:
                        connection.exec_driver_sql("UPDATE sync_jobs SET leased_until = 0")
                site.restart(role)
            before = len(load.acknowledged)
            _until(lambda: len(load.acknowledged) > before + 5)
        _until(lambda: world.rows("SELECT count(*) FROM sync_jobs") == [(0,)])
        _until(lambda: world.rows("SELECT count(*) FROM inbox WHERE state = 'new'") == [(0,)])
    finally:
        for role in ROLES:
            site.kill(role)
    _check(world, load.acknowledged)
    world.engine.dispose()


def _check(world, acknowledged):
    rows = DAYS * ROWS_A_DAY
    assert len(acknowledged) > 10
    kept = world.rows("SELECT count(*) FROM inbox WHERE vendor = 'scale'")[0][0]
    # one that was kept and could not be acknowledged any more is kept, too
    assert len(acknowledged) <= kept
    with world.engine.connect() as connection:
        numbers = connection.exec_driver_sql("SELECT id FROM inbox WHERE vendor = 'scale'").all()
        users = [
            unpack(inbox.read_one(connection, world.vault, number).raw)[0].vendor_user_id
            for (number,) in numbers
        ]
    assert len(users) == len(set(users))
    assert set(acknowledged) <= set(users)
    assert world.rows("SELECT DISTINCT state FROM inbox") == [("done",)]
    assert world.rows("SELECT count(*), max(version) FROM measurements") == [(rows, 1)]
    totals = "SELECT DISTINCT total FROM (SELECT sum(n) AS total FROM rollups GROUP BY level)"
    assert world.rows(totals) == [(rows,)]
    assert world.rows("SELECT count(*) FROM measurement_history") == [(0,)]
    assert world.rows("PRAGMA integrity_check") == [("ok",)]


def _until(true) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
