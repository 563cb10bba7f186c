"""The delivery role as it is run, killed at each place that hurts: one Flag, none lost.

Kills at random, over EHRs of every kind, are in tests.faults.harness.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from sqlalchemy import func, select

from app.demo.processes import wait_until
from tests.support.chart_ehr import ChartEhr
from tests.support.episodes import find
from wearable_agg.delivery.failpoints import NAMES, VARIABLE
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate
from wearable_agg.store.outbox_tables import outbox

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

PATIENT = "patient-1"
QUARANTINE_SECONDS = 1.0


class Hospital:
    """A site with its EHR, a backlog of findings, and a delivery process that can be killed."""

    def __init__(self, folder, ehr):
        self.ehr, self.config = ehr, folder / "wristchart.toml"
        self.config.write_text(settings(ehr), "utf-8")
        self.store = open_database(folder / "wearables.db")
        migrate(self.store)

    def find(self):
        """Let the rhythm engine have found something about the patient."""
        find(self.store, self.ehr.issuer, [PATIENT])

    def deliver(self, fail_at=""):
        """Start the delivery process."""
        command = [sys.executable, "-m", "app.cli", "--config", str(self.config), "run", "delivery"]
        environment = {**os.environ, **({VARIABLE: fail_at} if fail_at else {})}
        return subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)

    def done(self):
        with self.store.connect() as connection:
            query = select(func.count()).where(outbox.c.state == "done")
            return connection.execute(query).scalar_one()

    def finish(self, rows):
        """Deliver undisturbed until so many rows are done."""
        process = self.deliver()
        try:
            assert wait_until(lambda: self.done() == rows, 60), self.states()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0

    def states(self):
        with self.store.connect() as connection:
            query = select(outbox.c.patient_id, outbox.c.state, outbox.c.reason)
            return [tuple(row) for row in connection.execute(query)]

    def flags(self):
        """Return how many active Flags of ours each patient has."""
        return Counter(
            flag["subject"]["reference"].removeprefix("Patient/")
            for flag in self.ehr.held("Flag")
            if flag["status"] == "active" and "wristchart" in str(flag.get("identifier"))
        )


def settings(ehr):
    listeners = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    scopes = ", ".join(f'"{scope}"' for scope in ehr.tenant.backend_scopes)
    return f"""\
data = "."
delivery_interval_seconds = 0.1
{listeners}
[[tenant]]
id = "sandbox"
name = "Sandbox Hospital"
issuer = "{ehr.issuer}"
timezone = "Europe/Oslo"
client_id = "wristchart"
scopes = []
frame_ancestors = []
backend_client_id = "{ehr.tenant.backend_client_id}"
backend_scopes = [{scopes}]
allow_http = true
quarantine_seconds = {QUARANTINE_SECONDS}
environment = "sandbox"
write_mode = "automatic"
probe_patient = "li-wei"
"""


@pytest.fixture
def hospital(tmp_path):
    with ChartEhr(tmp_path / "ehr", tmp_path / "keys") as ehr:
        ehr.admit(PATIENT)
        running = Hospital(tmp_path, ehr)
        yield running
        running.store.dispose()


SHORT = ("after_send", "before_done")
PLACES = [
    place if place in SHORT else pytest.param(place, marks=pytest.mark.long) for place in NAMES
]


@pytest.mark.threat("T34", "T46")
@pytest.mark.parametrize("place", PLACES)
def test_killed_at_a_named_place_it_leaves_one_flag(hospital, place):
    hospital.find()
    assert hospital.deliver(fail_at=place).wait(30) == -signal.SIGKILL
    assert hospital.done() == (place == "after_done")
    if place != "after_done":
        hospital.finish(1)
    assert hospital.flags() == {PATIENT: 1}
    assert len(hospital.ehr.held("Provenance", PATIENT)) == 1
