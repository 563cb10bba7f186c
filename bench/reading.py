"""What reading 200 MedicationRequests over 10 pages costs, beside bare requests.

    python -m bench.reading [--json] [--repetitions N]

Both fetch the same pages from a server that answers from memory. Ours follows the links, checks
what comes and makes orders of it; the bare one holds a requests.Session and parses the JSON of
addresses known beforehand. CPU seconds of this process, all threads; rotated repetitions; the
figure is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import requests

from bench.replay_ehr import PAGE_SIZE, PAGES
from safeguards.egress import Egress
from smart.fhir import FhirReader
from smart.record import PatientRecord

GOAL_RATIO = 1.3
SCOPES = ("patient/MedicationRequest.rs",)
TOKEN = "t" * 900  # as long as the tokens of large EHRs


class Granted:
    """Access that never runs out."""

    def token(self) -> str:
        """The token."""
        return TOKEN

    def renewed(self, refused: str) -> str:
        """The same."""
        return TOKEN


@contextmanager
def replay() -> Iterator[str]:
    """The base URL of a replaying EHR in a process of its own."""
    command = [sys.executable, "-m", "bench.replay_ehr"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def readers(base: str) -> dict[str, Callable[[], int]]:
    """The two ways to read; each answers how many orders it has."""
    record = PatientRecord(
        FhirReader(base, Egress([base]), Granted()), "marit", ZoneInfo("Europe/Oslo")
    )
    session = requests.Session()
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/fhir+json"}
    urls = [f"{base}/MedicationRequest?page={number}" for number in range(PAGES)]

    def ours() -> int:
        read = record.medications(SCOPES)
        assert not read.gaps
        return len(read.orders)

    def bare() -> int:
        pages = [json.loads(session.get(url, headers=headers).content) for url in urls]
        return sum(len(page["entry"]) for page in pages)

    return {"ours": ours, "bare requests": bare}


def measured(
    ways: dict[str, Callable[[], int]], repetitions: int
) -> dict[str, tuple[float, float]]:
    """Median CPU and wall milliseconds of each way, taken in turns."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    names = list(ways)
    for repetition in range(repetitions + 2):
        turn = repetition % len(names)
        for name in names[turn:] + names[:turn]:
            cpu, wall = time.process_time(), time.perf_counter()
            assert ways[name]() == PAGES * PAGE_SIZE
            if repetition >= 2:  # the first two warm up
                spent[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: (
            statistics.median(cpu for cpu, _ in each) * 1000,
            statistics.median(wall for _, wall in each) * 1000,
        )
        for name, each in spent.items()
    }


def main() -> int:
    """Run from the command line; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--repetitions", type=int, default=301)
    chosen = parser.parse_args()
    with replay() as base:
        figures = measured(readers(base), chosen.repetitions)
    ratio = figures["ours"][0] / figures["bare requests"][0]
    if chosen.json:
        names = ("cpu_ms", "wall_ms")
        named = {name: dict(zip(names, each, strict=True)) for name, each in figures.items()}
        print(json.dumps({**named, "cpu_ratio": ratio, "goal": GOAL_RATIO}))
    else:
        print(f"{PAGES * PAGE_SIZE} MedicationRequests over {PAGES} pages")
        for name, (cpu, wall) in figures.items():
            print(f"  {name:14} {cpu:6.1f} ms CPU {wall:6.1f} ms wall")
        print(f"  CPU ratio {ratio:.2f}, goal at most {GOAL_RATIO}")
    return 0 if ratio <= GOAL_RATIO else 1


if __name__ == "__main__":
    raise SystemExit(main())
