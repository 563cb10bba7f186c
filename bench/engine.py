"""The embedded engine end to end: how many live streams one core carries, and how late alerts are.

    python -m bench.engine [--streams N] [--seconds S] [--together]

Another process appends a frame a second for every stream, as the gateway does. This one runs the
engine as the role does: it reads the inbox, decodes, analyses, commits events, saves checkpoints,
and packs and seals what was analysed. The first minute of a stream can be packed after 60 to 90 s,
so that it takes a run of some minutes to tell whether packing keeps up. Streams have minutes behind
them; in one of ten fibrillation is about to be noticed. `--together` has all of them begin in the
same second, so that all decisions fall together: the worst case. An alert is late by the time from
the commit of the frame that completed it, as the other process notes it, until a third process,
which looks every few milliseconds, finds it committed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select, text

from bench.live_streams import (
    Feeder,
    Scene,
    enrol,
    number_of,
    open_sessions,
    states_before,
)
from safeguards.vault import Vault
from wearable_agg.afib.step import warm_up
from wearable_agg.ecg.segments import FRAMES
from wearable_agg.ecg.tables import frames, open_inbox, segments
from wearable_agg.engine import checkpoints
from wearable_agg.engine.checkpoints import Standing
from wearable_agg.engine.embedded import EmbeddedEngine
from wearable_agg.engine.pace import beat, calm_memory
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

INTERVAL = 0.2
"""Seconds between looks into the inbox, as `engine_interval_seconds` is by default."""

LOOK_SECONDS = 0.005
"""How often it is looked for alerts."""

GOAL_STREAMS = 10_000
GOAL_LATE_SECONDS = 1.0


@dataclass(frozen=True)
class Measured:
    """What a run took: seconds of CPU, how late each alert was, and each commit of frames.

    `packed` is how many minutes of a stream were packed, `packable` how many could have been, and
    `behind` the seconds that the engine was at work after the last second.
    """

    scene: Scene
    cpu: float
    late: NDArray[np.float64]
    fed_late: NDArray[np.float64]
    packed: int
    packable: int
    behind: float

    @property
    def per_second(self) -> float:
        """Microseconds of CPU for a second of one stream."""
        return 1e6 * self.cpu / self.scene.streams / self.scene.seconds


class Watcher:
    """A process that notes when alerts are to be seen."""

    def __init__(self, wearables: Path) -> None:
        self._answer, answer = multiprocessing.Pipe(duplex=False)
        self._over = multiprocessing.Event()
        self._process = multiprocessing.Process(target=_watch, args=(wearables, answer, self._over))
        self._process.start()

    def end(self) -> list[tuple[str, float, float]]:
        """Return the stream of each alert, the moment of its signal, and when it was seen."""
        self._over.set()
        seen: list[tuple[str, float, float]] = self._answer.recv()
        self._process.join()
        return seen


def _watch(path: Path, answer: Connection, over: Event) -> None:
    wearables = open_database(path)
    news = text(
        "SELECT rowid, stream, detected_at FROM episodes"
        " WHERE rowid > :last AND probability IS NOT NULL"
    )
    seen, last = [], 0
    while True:
        ending = over.wait(LOOK_SECONDS)
        with wearables.connect() as connection:
            rows = connection.execute(news, {"last": last}).all()
        now = time.time()
        seen += [(row.stream, row.detected_at / 1e6, now) for row in rows]
        last = max((row.rowid for row in rows), default=last)
        if ending:
            break
    wearables.dispose()
    answer.send(seen)


def run(folder: Path, streams: int, seconds: int, together: bool) -> Measured:
    """Run one engine against live streams."""
    ecg, wearables = open_inbox(folder / "ecg.db"), open_database(folder / "wearables.db")
    migrate(wearables)
    warm_up()
    open_sessions(ecg, streams)
    enrol(wearables, streams)
    scene = Scene(streams, seconds, int(time.time()) + 30, together)
    engine = _engine(folder, scene, ecg, wearables)
    watcher, feeder = Watcher(folder / "wearables.db"), Feeder(folder / "ecg.db", scene)
    feeder.start()
    time.sleep(max(0.0, scene.begin - time.time()))
    cpu = time.process_time()
    follow(engine, feeder)
    cpu, behind = time.process_time() - cpu, time.time() - scene.begin - seconds
    packed, waiting = _packed(ecg), _waiting(ecg, wearables)
    engine.save()
    late = [seen - feeder.arrived(number_of(name), at) for name, at, seen in watcher.end()]
    return Measured(scene, cpu, np.array(late), feeder.lags, packed, packed + waiting, behind)


def _packed(ecg: Engine) -> int:
    with ecg.connect() as connection:
        return connection.execute(select(func.count()).select_from(segments)).scalar_one()


def _waiting(ecg: Engine, wearables: Engine) -> int:
    """Return how many minutes were analysed for good and are not packed."""
    with wearables.connect() as connection:
        saved = min(standing.cursor for standing in checkpoints.load(connection))
    analysed = frames.c.id <= saved
    each = select(((func.count() - 1) // FRAMES).label("minutes")).where(analysed)
    streams = each.group_by(frames.c.session).subquery()
    with ecg.connect() as connection:
        return int(connection.execute(select(func.sum(streams.c.minutes))).scalar() or 0)


def _engine(folder: Path, scene: Scene, ecg: Engine, wearables: Engine) -> EmbeddedEngine:
    """Return an engine that has seen what is behind the streams."""
    with writing(wearables) as connection:
        for shard, state in enumerate(states_before(scene)):
            checkpoints.save(connection, Standing(shard, 0, state))
    vault = Vault.open(folder / "keys")
    engine = EmbeddedEngine(ecg, wearables, vault, {"bench": "Europe/Oslo"})
    engine.resume()
    return engine


def follow(engine: EmbeddedEngine, feeder: Feeder) -> None:
    """Run the engine until nothing more comes."""
    calm_memory()
    while True:
        running = feeder.running
        more = beat(engine, lambda: False, INTERVAL, time.sleep)
        if not running and not more:
            return


def report(made: Measured) -> str:
    """Tell what was measured, in words."""
    scene, fed = made.scene, np.quantile(made.fed_late, [0.5, 1.0])
    p50, p99, most = np.quantile(made.late, [0.5, 0.99, 1.0])
    return (
        f"{scene.streams} live streams for {scene.seconds} s: {made.cpu:.1f} s of CPU, "
        f"{made.per_second:.0f} us per ECG-second, {1e6 / made.per_second:,.0f} streams per core "
        f"(goal {GOAL_STREAMS:,}); {len(made.late)} alerts after p50 {p50:.2f} s, p99 {p99:.2f} s, "
        f"at most {most:.2f} s (goal p99 {GOAL_LATE_SECONDS:g} s); {made.packed} minutes packed of "
        f"{made.packable} that could be; "
        f"through {made.behind:.2f} s after the last second; frames were committed {fed[0]:.2f} s "
        f"after their time, at most {fed[1]:.2f} s; load {os.getloadavg()[0]:.1f}"
    )


def main() -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=GOAL_STREAMS)
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--together", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = run(Path(folder), arguments.streams, arguments.seconds, arguments.together)
    if not made.late.size:
        print("no alert fell into so short a run")
        return 1
    print(report(made))
    late = float(np.quantile(made.late, 0.99))
    return int(1e6 / made.per_second < GOAL_STREAMS or late > GOAL_LATE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
