"""How soon a finding is in the chart, and how delivery comes back after bad days.

    python -m bench.delivery [--findings N] [--queued N]

Latency: the product's delivery in a process of its own, with the role's workers and the interval of
the settings; the sandbox EHR, which checks and keeps all that it is sent, in another, taking 100 ms
for each answer; 20 findings a second, after a first one that is told apart. Restart: the delivery
process is killed and started anew. Outage: the EHR is away for 24 hours of a clock that the bench
turns, while findings and days come in; then it allows 40 requests a second. Consent: one after
the other withdraws it while so many writes are on their way.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

from app.demo.processes import wait_until
from bench.bad_days import ROUND_TRIP_SECONDS, SEED, consent, outage
from config.settings import Settings
from tests.faults.harness.hospital import Hospital
from tests.faults.harness.worker import be_quiet
from tests.support.episodes import find
from wearable_agg.store.database import open_database

RATE = 20.0


def main() -> int:
    """Run all of it; return how many goals were missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--findings", type=int, default=400)
    parser.add_argument("--queued", type=int, default=5000)
    options = parser.parse_args()
    be_quiet()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        checks = [
            *latency(place / "latency", options.findings),
            *outage(place / "outage", options.queued),
            *consent(place / "consent", options.queued),
        ]
    missed = [name for name, good in checks if not good]
    print(f"\ngoals missed: {', '.join(missed) or 'none'}")
    return len(missed)


def latency(folder: Path, findings: int) -> list[tuple[str, bool]]:
    """From the commit of a finding to the Flag in the EHR; then the same after a kill."""
    site = Hospital(folder, "atomic", findings + 2, SEED, spoil=0.0)
    try:
        site.open()
        site.faults(delay_seconds=ROUND_TRIP_SECONDS)
        child = site.fork(interval_seconds=_usual_interval())
        _arrive(site, site.patients[-1:])
        [first] = _waits(site, 1)
        before = _cpu_seconds(child)
        _arrive(site, site.patients[:findings])
        seconds = _waits(site, findings + 1)[1:]
        ours = (_cpu_seconds(child) - before) / findings
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        restart = _restart(site, findings + 1)
    finally:
        site.close()
    p50, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    print(
        f"detection to Flag, {findings} at {RATE:.0f}/s: p50 {p50:.2f} s, p99 {p99:.2f} s, ", end=""
    )
    print(f"max {max(seconds):.2f} s; {ours * 1000:.0f} ms of delivery's CPU each; ", end="")
    print(f"the first after the start {first:.2f} s; kill -9 to first send {restart:.2f} s")
    return [("p50 < 1 s", p50 < 1), ("p99 < 5 s", p99 < 5), ("restart < 5 s", restart < 5)]


def _usual_interval() -> float:
    known: dict[str, Any] = {each.name: each.default for each in fields(Settings)}
    return float(known["delivery_interval_seconds"])


def _cpu_seconds(process: int) -> float:
    told = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def _arrive(site: Hospital, patients: Sequence[str]) -> None:
    """Let findings come in at RATE, as the engine commits them."""
    store, due = open_database(site.store), time.monotonic()
    for patient in patients:
        find(store, site.site.issuer, [patient])
        due += 1 / RATE
        time.sleep(max(due - time.monotonic(), 0))
    store.dispose()


def _waits(site: Hospital, findings: int) -> list[float]:
    """How long each took, in the order in which they were found, once there are so many."""
    done = "state = 'done'"
    if not wait_until(lambda: site.rows(done) >= findings, 60):
        raise SystemExit(f"not all were delivered: {site.table()}")
    with closing(sqlite3.connect(site.store)) as ours:
        queued = dict(ours.execute("SELECT patient_id, created_at FROM outbox"))
    with closing(sqlite3.connect(site.folder / "ehr" / "ehr.db")) as theirs:
        rows = theirs.execute(
            "SELECT r.patient, min(v.updated) FROM versions v JOIN resources r"
            " ON r.type = v.type AND r.id = v.id WHERE r.type = 'Flag' AND r.patient IS NOT NULL"
            " AND json_extract(r.body, '$.status') = 'active' GROUP BY r.patient"
        ).fetchall()
    waited = sorted((queued[patient], at) for patient, at in rows if patient in queued)
    return [(at - since) / 1e6 for since, at in waited]


def _restart(site: Hospital, findings: int) -> float:
    """Start delivery as a site does, and wait for its first send beyond so many."""
    site.find([site.patients[-2]])
    begun = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", _START, site.url, str(site.keys), str(site.store)],
        cwd=Path(__file__).parents[1],
    )
    try:
        if not wait_until(lambda: site.rows("attempts > 0") > findings, 30, pause=0.02):
            raise SystemExit("nothing was sent after the restart")
        return time.time() - begun
    finally:
        process.kill()
        process.wait()


_START = """
import sys
from pathlib import Path
from tests.faults.harness.worker import Site
Site(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])).deliver()
"""


if __name__ == "__main__":
    sys.exit(main())
