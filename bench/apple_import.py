"""How fast an export of the Health app is imported, with history and rollups, in what memory.

    python -m bench.apple_import [--mb N]

A made export.zip goes through `wristchart import` as a process of its own, into a file with
synchronous=FULL: once new, once again, and into another file once killed half-way (kill -9) and
begun anew. Megabytes are those of the XML inside.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.apple_export import write_export
from wearable_agg.measurements.types import FURTHER_TOPICS, TOPICS
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

GOAL_MEGABYTES_PER_SECOND = 15.0
MOST_MEGABYTES_OF_MEMORY = 300.0
ISSUER = "http://localhost:1/fhir"
_SETTINGS = f"""\
data = "."
{{listeners}}
[[tenant]]
id = "bench"
name = "Bench"
issuer = "{ISSUER}"
timezone = "Europe/Oslo"
client_id = "app"
scopes = []
frame_ancestors = []
backend_client_id = "delivery"
backend_scopes = []
allow_http = true
"""


def make_site(folder: Path) -> Path:
    """Make a site with one person who shares everything; returns its settings file."""
    listeners = "".join(
        f'[{name}]\nhost = "127.0.0.1"\nport = 1\nurl = "http://127.0.0.1:1"\n'
        for name in ("web", "api", "gateway")
    )
    config = folder / "wristchart.toml"
    config.write_text(_SETTINGS.format(listeners=listeners), "utf-8")
    engine = open_database(folder / "wearables.db")
    migrate(engine)
    with writing(engine) as connection:
        person = person_for(connection, "bench", ISSUER, "ada", create=True)
        consents.record(connection, "bench", person or 0, (*TOPICS, *FURTHER_TOPICS), "I agree")
    engine.dispose()
    return config


def killed(config: Path, export: Path, after: float) -> None:
    """Begin an import and kill it after so many seconds."""
    command = [sys.executable, "-m", "app.cli", "--config", str(config)]
    with subprocess.Popen(
        [*command, "import", str(export), "--patient", "ada"], stdout=subprocess.DEVNULL
    ) as process:
        time.sleep(after)
        process.kill()


def contents(config: Path) -> tuple[object, ...]:
    """Return what would differ where a row was lost, came twice or was summed wrongly."""
    query = """
        SELECT (SELECT count(*) FROM measurements), (SELECT sum(value) FROM measurements),
               (SELECT max(version) FROM measurements), (SELECT count(*) FROM rollups),
               (SELECT sum(n) FROM rollups), (SELECT count(*) FROM measurement_history)
    """
    engine = open_database(config.with_name("wearables.db"))
    with engine.connect() as connection:
        found = tuple(connection.exec_driver_sql(query).one())
    engine.dispose()
    return found


def imported(config: Path, export: Path) -> tuple[float, float, float, str]:
    """Import once: wall and CPU seconds, megabytes of memory at most, and what was told."""
    command = [sys.executable, "-m", "app.cli", "--config", str(config)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "import", str(export), "--patient", "ada"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    assert process.returncode == 0, told
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, told


def main() -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--mb", type=float, default=1000.0)
    megabytes = parser.parse_args().mb
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export = folder / "export.zip"
        size = write_export(export, megabytes) / 1e6
        config = make_site(folder)
        print(f"an export.xml of {size:,.0f} MB, {export.stat().st_size / 1e6:,.0f} MB as a zip")
        good, whole = True, 0.0
        for title in ("new", "the same again"):
            wall, cpu, memory, told = imported(config, export)
            good = good and size / wall >= GOAL_MEGABYTES_PER_SECOND
            good = good and memory < MOST_MEGABYTES_OF_MEMORY
            print(
                f"  {title:16} {size / wall:6.1f} MB/s ({wall:.1f} s wall, {cpu:.1f} s CPU), "
                f"{memory:.0f} MB of memory at most"
            )
            print(f"  {'':16} {told.strip().splitlines()[-1]}")
            whole = whole or wall
        other = folder / "killed"
        other.mkdir()
        again = make_site(other)
        killed(again, export, whole / 2)
        before = contents(again)[0]
        wall, _, _, _ = imported(again, export)
        same = contents(again) == contents(config)
        good &= same
        print(f"  killed with {before:,} rows kept, and begun anew: {wall:.1f} s more; the same as")
        print(f"  without: {'yes' if same else 'NO'} {contents(config)}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
