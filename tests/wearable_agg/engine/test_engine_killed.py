"""kill -9 of the engine at any moment: the same events in the end, none of them twice."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sandbox.patient.rhythm import Programme
from wearable_agg.store.findings_tables import analysed

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
KILLS = 3
STEP = 120
MINUTES = 60
SETTINGS = """
data = "."
engine_interval_seconds = 0.01
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
port = 1
url = "ws://127.0.0.1:1"
"""


class Killable:
    """The engine role in a process of its own."""

    def __init__(self, folder):
        self._config = folder / "wristchart.toml"
        self._config.write_text(SETTINGS)
        self._log = (folder / "engine.log").open("w")

    def start(self):
        command = [sys.executable, "-m", "app.cli", "--config", str(self._config), "run", "engine"]
        self._process = subprocess.Popen(command, cwd=ROOT, stderr=self._log)

    def end(self, how):
        self._process.send_signal(how)
        return self._process.wait(60)


@pytest.fixture
def engine(place):
    running = Killable(place.folder)
    running.start()
    yield running
    running.end(signal.SIGKILL)


def minutes_analysed(place):
    with place.wearables.connect() as connection:
        return connection.execute(select(func.count()).select_from(analysed)).scalar_one()


def wait_for_minutes(place, count):
    deadline = time.monotonic() + 60
    while minutes_analysed(place) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.threat("T46")
def test_engine_killed_again_and_again_writes_what_a_calm_one_does(
    place, places, engine, run_to_end
):
    calm = places()
    programme = Programme(600, 2400)
    hour = [here.pair("marit-solheim", 7, programme, MINUTES * 60) for here in (calm, place)][1]
    calm.store(hour)
    run_to_end(calm.engine())
    chance = random.Random(5)  # noqa: S311
    kill_at = set(chance.sample(range(2, MINUTES * 60 // STEP - 1), KILLS))
    for number, first in enumerate(range(0, MINUTES * 60, STEP)):
        place.store(hour, first, first + STEP)
        if number in kill_at:
            wait_for_minutes(place, 2 * number - 2)
            time.sleep(chance.uniform(0, 0.1))
            engine.end(signal.SIGKILL)
            engine.start()
    wait_for_minutes(place, len(calm.wrote()["analysed"]))
    assert place.wrote() == calm.wrote()
    assert len(place.wrote()["episodes"]) == 1


def test_engine_that_is_asked_to_stop_saves_where_it_stands(place, engine):
    place.store(place.pair("marit-solheim", 7, Programme(1e9, 1e9), 600))
    wait_for_minutes(place, 9)
    assert engine.end(signal.SIGTERM) == 0
    again = place.engine()
    assert again.advance() is False
    assert minutes_analysed(place) == 10
