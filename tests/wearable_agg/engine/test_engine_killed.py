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
from wearable_agg.store.findings_tables import analysed, episodes

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[3]
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
OFTEN_SAVED = """
import sys
from app.cli import main
from wearable_agg.engine import embedded
embedded.CHECKPOINT_SECONDS = 0.4
sys.exit(main())
"""


class Killable:
    """The engine role in a process of its own; saves a shard every 50 ms, so that kills meet it."""

    def __init__(self, folder):
        self._config = folder / "wristchart.toml"
        self._config.write_text(SETTINGS)
        self._log = (folder / "engine.log").open("w")

    def start(self):
        role = ["--config", str(self._config), "run", "engine"]
        command = [sys.executable, "-c", OFTEN_SAVED, *role]
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


def ends_of(place):
    with place.wearables.connect() as connection:
        return connection.execute(select(episodes.c.end)).scalars().all()


def wait_for_minutes(place, count):
    deadline = time.monotonic() + 60
    while minutes_analysed(place) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def write_calmly(place, run_to_end, all_of_them):
    """Let an engine that nobody disturbs see all of it."""
    for recorded in all_of_them:
        place.store(recorded)
        place.bye(recorded)
    run_to_end(place.engine())
    return place.wrote()


def kill_and_start(place, engine, chance, analysed_before):
    """Kill it at a moment that may be in the middle of its start, a batch or a commit."""
    if chance.random() < 0.7:
        wait_for_minutes(place, analysed_before + 1)
        time.sleep(chance.expovariate(30))
    else:
        time.sleep(chance.uniform(0, 1.5))
    engine.end(signal.SIGKILL)
    engine.start()


def feed_and_kill(place, engine, all_of_them, kills):
    """Store their hours bit by bit, with kills at random moments; then all devices say bye."""
    chance = random.Random(kills)  # noqa: S311
    step = MINUTES * 60 // max(kills, 30)
    pieces = range(0, MINUTES * 60, step)
    moments = [chance.randrange(len(pieces)) for _ in range(kills)]
    for number, first in enumerate(pieces):
        before = minutes_analysed(place)
        for recorded in all_of_them:
            slices_per_second = len(recorded.frames) / (MINUTES * 60)
            ends = (round(second * slices_per_second) for second in (first, first + step))
            place.store(recorded, *ends)
        for _ in range(moments.count(number)):
            kill_and_start(place, engine, chance, min(before, 2 * first // 60 - 3))
    for recorded in all_of_them:
        place.bye(recorded)


@pytest.mark.threat("T46")
@pytest.mark.parametrize(
    "kills",
    [3, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_engine_killed_again_and_again_writes_what_a_calm_one_does(
    place, places, engine, run_to_end, kills
):
    calm = places()
    people = {"marit-solheim": Programme(600, 2400), "jonas-berg": Programme(1500, 1e9)}
    streams = {
        here: [
            here.strap("amara-okafor", 9, Programme(900, 2000), MINUTES * 60),
            *(
                here.pair(patient, seed, programme, MINUTES * 60)
                for seed, (patient, programme) in enumerate(people.items(), 7)
            ),
        ]
        for here in (calm, place)
    }
    expected = write_calmly(calm, run_to_end, streams[calm])
    feed_and_kill(place, engine, streams[place], kills)
    wait_for_minutes(place, len(expected["analysed"]))
    assert engine.end(signal.SIGTERM) == 0
    assert place.wrote() == expected
    for recorded in streams[place]:
        kept = [(frame.sequence, frame.counts) for frame in place.kept(recorded)]
        assert kept == [(frame.sequence, frame.counts) for frame in recorded.frames]
    assert len(expected["episodes"]) == 3
    assert all(end is not None for end in ends_of(place))


def test_engine_that_is_asked_to_stop_saves_where_it_stands(place, engine):
    place.store(place.pair("marit-solheim", 7, Programme(1e9, 1e9), 600))
    wait_for_minutes(place, 9)
    assert engine.end(signal.SIGTERM) == 0
    again = place.engine()
    assert again.advance() is False
    assert minutes_analysed(place) == 10
