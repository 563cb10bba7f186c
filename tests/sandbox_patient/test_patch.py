"""The patch's memory and its uplink, against the product's own gateway."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from safeguards.assertions import Asker, Signer
from sandbox.patient.patch import Patch
from sandbox.patient.rhythm import Programme, beats
from sandbox.patient.strap import Strap
from tests.support.sharing import share_rhythm
from wearable_agg.ecg.beats import read_beats
from wearable_agg.ecg.binary import decode_beats
from wearable_agg.ecg.tables import frames, open_inbox, sessions

ROOT = Path(__file__).parents[2]
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


def switch_on(folder, stored=3600.0):
    return Patch.switch_on(folder, seed=7, onset=2100, fibrillation=1800, stored=stored)


def test_patch_put_on_an_hour_ago_holds_an_hour(tmp_path):
    assert switch_on(tmp_path).recorded == 3600


def test_restarted_patch_is_the_same_patch(tmp_path):
    before, after = switch_on(tmp_path), switch_on(tmp_path)
    assert after.memory.session == before.memory.session
    assert after.device_time(1234) == before.device_time(1234)
    assert np.array_equal(after.counts(1234), before.counts(1234))


def test_patch_that_was_off_leaves_a_gap_and_keeps_its_numbers(tmp_path):
    before = switch_on(tmp_path)
    before.remember()
    memory = tmp_path / "patch.json"
    document = json.loads(memory.read_text())
    document["origin"] -= 600_000_000
    document["alive"] -= 600_000_000
    memory.write_text(json.dumps(document))
    after = switch_on(tmp_path)
    assert after.follows_gap(3600)
    assert after.recorded == 3600
    assert after.device_time(3600) - after.device_time(3599) == pytest.approx(601e6, abs=1e6)


def test_strap_tells_each_beat_of_the_heart_once(tmp_path):
    strap = Strap.switch_on(tmp_path, seed=7, onset=600, fibrillation=1800, stored=3600.0)
    told = [n + at / 1000 for n in range(900) for at in strap.offsets(n)]
    heart = beats(7, Programme(600, 2400), 0, 900).times
    heart = heart[(heart >= 0) & (heart < 900)]
    assert told == pytest.approx(heart.tolist(), abs=0.001)


def test_strap_speaks_as_the_page_says(tmp_path):
    strap = Strap.switch_on(tmp_path, seed=7, onset=600, fibrillation=1800, stored=3600.0)
    assert strap.form() == {"signal": "beats", "sensor": "electric"}
    read = decode_beats(strap.frame(700))
    assert (read.sequence, read.device_time) == (700, strap.device_time(700))
    assert read_beats(read.beats, read.length)[0].tolist() == strap.offsets(700)


class Running:
    """A gateway and a patient, each in a process of its own."""

    def __init__(self, folder):
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._config = folder / "wristchart.toml"
        self._config.write_text(SETTINGS.format(port=self._port))
        asker = Asker("sandbox", "http://ehr", "marit", "u", "U", "c", frozenset({"ecg.write"}))
        token = Signer.open(folder / "keys").sign(asker, "wristchart-gateway", 600)
        (folder / "token").write_text(token)
        share_rhythm(folder / "wearables.db", asker.tenant, asker.issuer, asker.patient)
        self.inbox = open_inbox(folder / "ecg.db")
        self.processes = {}

    def start(self, name):
        patient = (
            *("sandbox.patient", "--gateway", f"ws://127.0.0.1:{self._port}/ecg"),
            *("--token-file", str(self._folder / "token"), "--data", str(self._folder / "patch")),
            *("--stored-hour", "--live"),
        )
        gateway = ("app.cli", "--config", str(self._config), "run", "gateway")
        command = [sys.executable, "-m", *{"patient": patient, "gateway": gateway}[name]]
        log = (self._folder / f"{name}.log").open("a")
        self.processes[name] = subprocess.Popen(command, cwd=ROOT, stderr=log)

    def kill(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stored(self):
        with self.inbox.connect() as connection:
            query = select(frames.c.sequence).where(frames.c.lead >= 0).order_by(frames.c.id)
            return list(connection.execute(query).scalars())

    def wait_for(self, count):
        deadline = time.monotonic() + 60
        while len(self.stored()) < count:
            assert time.monotonic() < deadline, (self._folder / "patient.log").read_text()
            time.sleep(0.01)


@pytest.fixture
def running(tmp_path):
    both = Running(tmp_path)
    yield both
    for name in list(both.processes):
        both.kill(name)


@pytest.mark.faults
def test_hour_arrives_once_although_both_sides_are_killed(running):
    running.start("patient")
    running.start("gateway")
    running.wait_for(1000)
    running.kill("gateway")
    running.start("gateway")
    running.wait_for(2000)
    running.kill("patient")
    running.start("patient")
    running.wait_for(3602)
    numbers = running.stored()
    assert numbers == list(range(len(numbers)))
    with running.inbox.connect() as connection:
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 1
        assert connection.execute(select(func.sum(frames.c.gap_before))).scalar() == 0


def test_patient_whose_token_is_refused_for_good_says_so(running, tmp_path):
    asker = Asker("sandbox", "http://ehr", "marit", "u", "U", "c", frozenset())
    token = Signer.open(tmp_path / "keys").sign(asker, "wristchart-gateway", 600)
    (tmp_path / "token").write_text(token)
    running.start("gateway")
    running.start("patient")
    assert running.processes.pop("patient").wait(60) == 1
    assert "forbidden" in (tmp_path / "patient.log").read_text()
