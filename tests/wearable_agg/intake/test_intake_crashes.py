"""Processes ended at once, as by a power cut, at moments nobody chose."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from tests.support.backend import NEW_YEAR, link_person, measured, notice, written
from wearable_agg.intake import inbox, jobs
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Window

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
PAGES, ROWS = 24, 200
WORKER = "worker = world.worker()\nwhile True: worker.step()"
POLLER = f"""
from tests.support.backend import measured
from wearable_agg.intake.polling import Poller
import threading
world.band.data = [measured(n) for n in range({PAGES * ROWS})]
world.band.page_size = {ROWS}
Poller(world.engine, world.vault, world.sites, threading.Event()).run()
"""
API = """
from werkzeug.serving import make_server
make_server("127.0.0.1", int(sys.argv[2]), world.api(), threaded=True).serve_forever()
"""


@pytest.fixture
def start(world):
    """Start a process on the same store; whatever still runs at the end is ended."""
    started = []

    def start(code, *arguments):
        head = (
            "import sys\nfrom pathlib import Path\nfrom tests.support.backend import open_world\n"
        )
        script = f"{head}world = open_world(Path(sys.argv[1]))\n{code}"
        command = [sys.executable, "-c", script, str(world.settings.data), *arguments]
        started.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def killed_on_the_way(progress, marks, goal, start, code):
    """Start again and again; kill once progress passes each mark, and at last at the goal."""
    for mark in (*marks, goal):
        process = start(code)
        deadline = time.monotonic() + 60
        while progress() < mark:
            assert time.monotonic() < deadline, f"{progress()} of {mark}"
            time.sleep(0.01)
        process.kill()
        process.wait()


@pytest.mark.threat("T46")
def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(world, linked, start):
    for page in range(PAGES):
        rows = [measured(page * ROWS + n) for n in range(ROWS)]
        with writing(world.engine) as connection:
            inbox.keep(
                connection,
                world.vault,
                tenant="sandbox",
                vendor="band",
                account_id=linked,
                kind="beats",
                raw=written(rows),
            )

    def progress():
        return world.rows("SELECT count(*) FROM inbox WHERE state = 'done'")[0][0]

    killed_on_the_way(progress, (1, 12), PAGES, start, WORKER)
    assert world.rows("SELECT count(*), max(version) FROM measurements") == [(PAGES * ROWS, 1)]
    assert world.rows(
        "SELECT DISTINCT total FROM (SELECT sum(n) AS total FROM rollups GROUP BY level)"
    ) == [(PAGES * ROWS,)]


@pytest.mark.threat("T46")
def test_a_killed_poller_goes_on_and_every_page_is_kept_once(world, start):
    account_id = link_person(world)
    month = Window(NEW_YEAR, NEW_YEAR + timedelta(days=30))
    with writing(world.engine) as connection:
        jobs.schedule(connection, "sandbox", account_id, "beats", [month])

    def progress():
        # a killed process cannot give its lease back; do not wait for it to run out
        with writing(world.engine) as connection:
            connection.exec_driver_sql("UPDATE sync_jobs SET leased_until = 0")
        [(left,)] = world.rows("SELECT count(*) FROM sync_jobs WHERE id = 1")
        return world.rows("SELECT count(*) FROM inbox")[0][0] if left else PAGES + 1

    killed_on_the_way(progress, (1, 12), PAGES + 1, start, POLLER)
    while world.worker().step():
        pass
    assert world.rows("SELECT count(*), max(version) FROM measurements") == [(PAGES * ROWS, 1)]


@pytest.mark.threat("T46")
def test_what_a_killed_api_acknowledged_is_kept(world, start):
    acknowledged = []
    for moment in (0.15, 0.4):
        port = _free_port()
        process = start(API, str(port))
        url = f"http://127.0.0.1:{port}"
        _wait_for(url)
        patience = time.monotonic() + moment
        while time.monotonic() < patience:
            raw = notice(user=f"user-{len(acknowledged)}")
            answer = requests.post(f"{url}/webhooks/scale/unguessable-path", raw, timeout=5)
            assert answer.status_code == 200
            acknowledged.append(raw)
        process.kill()
        process.wait()
    assert len(acknowledged) > 10
    assert world.rows("SELECT count(*) FROM inbox") == [(len(acknowledged),)]


def _wait_for(url):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/healthz", timeout=1).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the API does not start")


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
