"""How fast measurements are kept with history and rollups, and how fast a year is answered.

    python -m bench.measurements [--rows N]

One process writes batches as the worker does, into a file with synchronous=FULL: once new, once
the same again, once corrected. The answer is a year of days with a heart rate every ten minutes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from wearable_agg.intake.processing import ROWS_PER_COMMIT
from wearable_agg.measurements.batch import batch_of
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import write_batch
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

GOAL_ROWS_PER_SECOND = 20_000
START = datetime(2025, 1, 1, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")


def samples(rows: int, every: timedelta, source: str) -> list[Measurement]:
    """Return heart-rate samples, one every so often from START."""
    instants = (START + n * every for n in range(rows))
    return [
        Measurement(
            "heart_rate", 55.0 + n % 60, "/min", at, at, 3600, source, "Band", "passive", ""
        )
        for n, at in enumerate(instants)
    ]


def rows_per_second(engine: Engine, person: int, measured: Sequence[Measurement]) -> float:
    """Write all samples in the worker's batches."""
    began = time.perf_counter()
    for first in range(0, len(measured), ROWS_PER_COMMIT):
        batch = batch_of(measured[first : first + ROWS_PER_COMMIT], TYPES)
        with writing(engine) as connection:
            write_batch(connection, "bench", person, batch)
    return len(measured) / (time.perf_counter() - began)


def year_milliseconds(engine: Engine, person: int) -> float:
    """Return the median time to read a year of days."""
    with engine.connect() as connection:

        def read() -> object:
            return local_days(
                connection, person, OSLO, date(2025, 1, 1), date(2026, 1, 1), {"heart_rate"}
            )

        return statistics.median(_milliseconds(read) for _ in range(20))


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Run from the command line; 1 where new rows are kept more slowly than the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(Path(folder) / "bench.db")
        migrate(engine)
        minute, year = (_person(engine, name) for name in ("minute", "year"))
        measured = samples(rows, timedelta(minutes=1), "band")
        new = rows_per_second(engine, minute, measured)
        again = rows_per_second(engine, minute, measured)
        corrected = [replace(one, value=one.value + 1) for one in measured]
        amended = rows_per_second(engine, minute, corrected)
        rows_per_second(engine, year, samples(365 * 144, timedelta(minutes=10), "band"))
        answer = year_milliseconds(engine, year)
        engine.dispose()
    print(f"{rows} heart-rate samples, {ROWS_PER_COMMIT} a commit, with history and rollups")
    for name, speed in (("new", new), ("the same again", again), ("corrected", amended)):
        print(f"  {name:16} {speed:10,.0f} rows/s")
    print(f"a year of days read {answer:10.1f} ms")
    return 0 if new >= GOAL_ROWS_PER_SECOND else 1


def _person(engine: Engine, name: str) -> int:
    with writing(engine) as connection:
        person = person_for(connection, "bench", "bench", name, create=True)
    return person or 0


if __name__ == "__main__":
    raise SystemExit(main())
