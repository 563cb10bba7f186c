"""How fast measurements are kept with history and rollups, and how fast a year is answered.

    python -m bench.measurements [--rows N] [--on sqlite|postgresql]

One process writes batches as the worker does: into a SQLite file with synchronous=FULL, and into a
PostgreSQL server of the distribution's programs, with the server's own settings, that a user other
than root runs in a temporary folder. The rows are written once new, once the same again, once the
same but for one value, a part of them once corrected, and a part as a type that has no rollups
("bare"). The year is one of days with a heart rate every ten minutes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from tests.support.postgresql import NoServer, running_server
from wearable_agg.intake.processing import ROWS_PER_COMMIT
from wearable_agg.measurements.batch import Batch, batch_of
from wearable_agg.measurements.daily import local_days
from wearable_agg.measurements.model import Measurement
from wearable_agg.measurements.types import TYPES
from wearable_agg.measurements.upsert import Written, write_batch
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

START = datetime(2024, 1, 1, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
BARE_TYPE = "oxygen_saturation_low"
"""A type of which no rollups are kept."""


@dataclass(frozen=True, slots=True)
class Goals:
    """Rows per second of new rows with history and rollups, of bare ones; and replay's factor."""

    full: int
    bare: int
    replay: float


GOALS = {"sqlite": Goals(30_000, 60_000, 3.0), "postgresql": Goals(60_000, 120_000, 1.5)}


def batches(
    rows: int, kind: str, every: timedelta, more: float = 0.0, odd: int = -1
) -> Iterator[Batch]:
    """Yield the worker's batches of one value every so often from START.

    `odd` is the number of a single value that is another than usual.
    """
    unit = TYPES[kind].unit
    for first in range(0, rows, ROWS_PER_COMMIT):
        instants = (
            (n, START + n * every) for n in range(first, min(rows, first + ROWS_PER_COMMIT))
        )
        yield batch_of(
            (
                Measurement(
                    kind, 70.0 + n % 30 + added, unit, at, at, 3600, "band", "Band", "passive", ""
                )
                for n, at in instants
                for added in (more + (n == odd),)
            ),
            TYPES,
        )


def written(engine: Engine, person: int, found: Iterator[Batch]) -> tuple[float, Written]:
    """Write batches; return rows per second of the writing alone, and what was written."""
    seconds, rows, new, amended = 0.0, 0, 0, 0
    for batch in found:
        began = time.perf_counter()
        with writing(engine) as connection:
            done = write_batch(connection, "bench", person, batch)
        seconds += time.perf_counter() - began
        rows += sum(map(len, batch.rows.values()))
        new, amended = new + done.new, amended + done.amended
    return rows / seconds, Written(new, amended, ())


def measure(engine: Engine, rows: int, goals: Goals) -> bool:
    """Print the figures of one database; tell whether all goals are met."""
    minute = timedelta(minutes=1)
    person, bare_person, year = (_person(engine, name) for name in ("full", "bare", "year"))
    part = rows // 4
    new, _ = written(engine, person, batches(rows, "heart_rate", minute))
    before = _fingerprint(engine)
    again, nothing = written(engine, person, batches(rows, "heart_rate", minute))
    unchanged = nothing == Written(0, 0, ()) and _fingerprint(engine) == before
    odd, found = written(engine, person, batches(rows, "heart_rate", minute, odd=rows * 2 // 3))
    amended, _ = written(engine, person, batches(part, "heart_rate", minute, more=1.0))
    bare, _ = written(engine, bare_person, batches(part, BARE_TYPE, minute))
    written(engine, year, batches(365 * 144, "heart_rate", timedelta(minutes=10)))
    for name, speed, goal in (
        ("new, with history and rollups", new, goals.full),
        ("new, bare", bare, goals.bare),
        ("the same again", again, goals.replay * new),
        ("the same but for one value", odd, 0.0),
        ("corrected", amended, 0.0),
    ):
        wanted = f"(goal {goal:,.0f})" if goal else ""
        print(f"  {name:30} {speed:10,.0f} rows/s {wanted}")
    print(
        f"  replay {again / new:.1f} times as fast; it changed {'nothing' if unchanged else 'ROWS'}"
    )
    print(f"  of the one other value {found.amended} was found and {found.new} taken as new")
    print(f"  a year of days read in {_year_milliseconds(engine, year):.1f} ms")
    exact = unchanged and found == Written(0, 1, ())
    return new >= goals.full and bare >= goals.bare and again >= goals.replay * new and exact


def _fingerprint(engine: Engine) -> tuple[object, ...]:
    """Return what a change of any row of the three tables would change."""
    query = """
        SELECT (SELECT count(*) FROM measurements), (SELECT sum(value) FROM measurements),
               (SELECT max(recorded_at) FROM measurements),
               (SELECT count(*) FROM measurement_history),
               (SELECT count(*) FROM rollups), (SELECT sum(sum) FROM rollups)
    """
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).one())


def _year_milliseconds(engine: Engine, person: int) -> float:
    with engine.connect() as connection:

        def read() -> object:
            first = START.date()
            return local_days(
                connection, person, OSLO, first, date(first.year + 1, 1, 1), {"heart_rate"}
            )

        return statistics.median(_milliseconds(read) for _ in range(20))


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _person(engine: Engine, name: str) -> int:
    with writing(engine) as connection:
        person = person_for(connection, "bench", "bench", name, create=True)
    return person or 0


@contextmanager
def opened(on: str) -> Iterator[Engine]:
    """Open an empty store of this kind; raises NoServer."""
    with tempfile.TemporaryDirectory() as folder:
        if on == "sqlite":
            engine = open_database(Path(folder) / "bench.db")
            migrate(engine)
            yield engine
            engine.dispose()
            return
        with running_server(durable=True) as server:
            engine = open_database(server.new_database())
            migrate(engine)
            yield engine
            engine.dispose()


def main() -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--on", choices=sorted(GOALS))
    chosen = parser.parse_args()
    print(f"{chosen.rows} heart-rate samples, {ROWS_PER_COMMIT} a commit")
    met = True
    for on in (chosen.on,) if chosen.on else ("sqlite", "postgresql"):
        print(on)
        try:
            with opened(on) as engine:
                met &= measure(engine, chosen.rows, GOALS[on])
        except NoServer as error:
            print(f"  not measured: {error}")
            met = False
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
