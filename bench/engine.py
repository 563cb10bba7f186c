"""The embedded engine end to end: how many live streams one core carries, and how late alerts are.

    python -m bench.engine [--streams N] [--seconds S]

Another process appends a frame a second for every stream, as the gateway does. This one runs the
engine as the role does: it reads the inbox, decodes, analyses, commits events, saves a checkpoint
every 30 s, and packs and seals what was analysed, which begins after a minute. Streams begin with
two minutes behind them; in one of ten fibrillation is about to be noticed. An alert is late by the
time from the commit of the frame that completed it to its own commit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, select

from safeguards.vault import Vault
from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme
from wearable_agg.afib.state import ShardState, new_shard
from wearable_agg.afib.step import step, warm_up
from wearable_agg.afib.types import Chunk
from wearable_agg.ecg import inbox
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import frames, open_inbox, sessions
from wearable_agg.engine import checkpoints
from wearable_agg.engine.chunks import SHARDS, shard_of
from wearable_agg.engine.embedded import EmbeddedEngine
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import episodes
from wearable_agg.store.migrations import migrate

RATE = 250
GAIN = 2.5
KINDS = 40
"""Hearts that the streams are copies of; a tenth of them begin to fibrillate."""

BEFORE = 150
"""Seconds that a heart has behind it at least."""

PHASES = 20
"""Streams of one heart are so many seconds apart, so that their episodes do not begin together."""

INTERVAL = 0.4
"""Seconds between looks into the inbox, as `engine_interval_seconds` is by default."""

GOAL_STREAMS = 10_000
GOAL_LATE_SECONDS = 1.0
SLICES_PER_SECOND = 20


@dataclass(frozen=True)
class Measured:
    """What a run took."""

    streams: int
    seconds: float
    cpu: float
    late: NDArray[np.float64]
    behind: int

    @property
    def streams_per_core(self) -> float:
        return self.streams * self.seconds / self.cpu


def hearts(seconds: int) -> list[NDArray[np.int16]]:
    """Return counts of each kind; in the first four fibrillation begins, at different times."""
    made = []
    for kind in range(KINDS):
        onset = float(20 * kind) if kind < KINDS // 10 else 1e9
        volts = Heart(kind, Programme(onset, 1e9)).millivolts(0, seconds * RATE, RATE)
        made.append(np.rint(volts * 1000 / GAIN).astype("<i2"))
    return made


def origin_of(stream: int) -> tuple[int, int]:
    """Return which heart a stream is a copy of, and how many seconds it is ahead of the others."""
    return stream % KINDS, stream // KINDS % PHASES


def _second(counts: NDArray[np.int16], number: int) -> NDArray[np.int16]:
    return counts[number * RATE : (number + 1) * RATE]


def name_of(stream: int) -> str:
    return str(uuid.UUID(int=stream + 1))


def open_sessions(ecg: Engine, streams: int) -> None:
    rows = [
        {
            "id": n + 1, "session": name_of(n), "tenant": "bench", "issuer": "http://ehr",
            "patient_id": str(n), "vendor": "B", "model": "Patch", "serial": str(n),
            "firmware": "", "leads": "I", "nominal_rate": RATE, "gain": GAIN, "rate": RATE,
            "clock_offset": 0, "opened_at": 0,
        }
        for n in range(streams)
    ]  # fmt: skip
    with writing(ecg) as connection:
        connection.execute(sessions.insert(), rows)


def enrol(wearables: Engine, streams: int) -> None:
    """Have everybody share their heart rhythm, without which nothing is recorded."""
    with writing(wearables) as connection:
        for n in range(streams):
            person = person_for(connection, "bench", "http://ehr", str(n), True, "Europe/Oslo")
            if person is not None:
                consents.record(connection, "bench", person, [consents.RHYTHM], "I agree")


def states_before(kinds: list[NDArray[np.int16]], streams: int, origin: float) -> list[ShardState]:
    """Analyse each heart from each of its first seconds on; every stream has the state of one."""
    chunks = [
        Chunk(
            f"{kind} {ahead}", origin + second, RATE,
            (_second(counts, second + ahead) * (GAIN / 1000)).astype(np.float32),
            second, False,
        )
        for kind, counts in enumerate(kinds)
        for ahead in range(PHASES)
        for second in range(BEFORE)
    ]  # fmt: skip
    state, _ = step(new_shard(), chunks)
    place = {name: row for row, name in enumerate(state.streams)}
    shards: list[list[int]] = [[] for _ in range(SHARDS)]
    for n in range(streams):
        shards[shard_of(f"{name_of(n)}/I")].append(n)
    return [
        ShardState(
            tuple(f"{name_of(n)}/I" for n in members),
            state.rows[[place["{} {}".format(*origin_of(n))] for n in members]],
        )
        for members in shards
    ]


def feed(path: Path, streams: int, seconds: int, origin: float, begin: float) -> None:
    """Append a frame a second for every stream, spread over the second."""
    kinds = hearts(BEFORE + seconds + PHASES)
    ecg = open_inbox(path)
    share = -(-streams // SLICES_PER_SECOND)
    for number in range(seconds * SLICES_PER_SECOND):
        second, part = divmod(number, SLICES_PER_SECOND)
        sequence = BEFORE + second
        data = [
            [_second(counts, sequence + ahead).tobytes() for ahead in range(PHASES)]
            for counts in kinds
        ]
        sums = [[zlib.crc32(one) for one in each] for each in data]
        start = round((origin + sequence) * 1e6)
        time.sleep(max(0.0, begin + number / SLICES_PER_SECOND - time.time()))
        now = time.time_ns() // 1000
        rows = []
        for n in range(part * share, min(streams, (part + 1) * share)):
            kind, ahead = origin_of(n)
            counts, total = data[kind][ahead], sums[kind][ahead]
            rows.append(
                (n + 1, Frame(0, sequence, start, now, start, RATE, RATE, counts, total, False))
            )
        with writing(ecg) as connection:
            inbox.append(connection, rows)
    ecg.dispose()


def arrival(ecg: Engine, stream: str, detected_at: int) -> float:
    """Return when the frame was committed that completed an alert, asked before it is packed."""
    with ecg.connect() as connection:
        session = inbox.session_called(connection, stream.split("/")[0])
        if session is None:
            raise LookupError(stream)
        query = select(frames.c.received_at).where(
            frames.c.session == session.id, frames.c.start < detected_at
        )
        arrived = connection.execute(query.order_by(frames.c.start.desc()).limit(1))
        return float(arrived.scalar_one()) / 1e6


def run(folder: Path, streams: int, seconds: int) -> Measured:
    """Run one engine against live streams."""
    ecg, wearables = open_inbox(folder / "ecg.db"), open_database(folder / "wearables.db")
    migrate(wearables)
    warm_up()
    origin = float(int(time.time()) - BEFORE)
    open_sessions(ecg, streams)
    enrol(wearables, streams)
    states = states_before(hearts(BEFORE + PHASES), streams, origin)
    with writing(wearables) as connection:
        checkpoints.save(connection, 0, states)
    vault = Vault.open(folder / "keys")
    engine = EmbeddedEngine(ecg, wearables, vault, {"bench": "Europe/Oslo"})
    engine.resume()
    begin = time.time() + 3
    feeder = multiprocessing.Process(
        target=feed, args=(folder / "ecg.db", streams, seconds, origin, begin)
    )
    feeder.start()
    time.sleep(max(0.0, begin - time.time()))
    cpu, began = time.process_time(), time.perf_counter()
    late = follow(engine, ecg, wearables, feeder)
    cpu, took = time.process_time() - cpu, time.perf_counter() - began
    feeder.join()
    engine.save()
    print(f"{len(late)} alerts, the last batch {took - seconds:.2f} s after the last second")
    return Measured(streams, float(seconds), cpu, late, max(0, round(took - seconds)))


def follow(
    engine: EmbeddedEngine, ecg: Engine, wearables: Engine, feeder: multiprocessing.Process
) -> NDArray[np.float64]:
    """Run the engine until nothing more comes; return how late each alert was committed."""
    late: dict[str, float] = {}
    while True:
        alive = feeder.is_alive()
        more = engine.advance()
        _note_alerts(ecg, wearables, late)
        if more:
            continue
        if not alive:
            return np.array(list(late.values()))
        engine.settle()
        if not engine.tidy():
            time.sleep(INTERVAL)


def _note_alerts(ecg: Engine, wearables: Engine, late: dict[str, float]) -> None:
    now = time.time()
    with wearables.connect() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM episodes").scalar_one()
        if rows == len(late):
            return
        found = connection.execute(select(episodes.c.stream, episodes.c.detected_at))
        for stream, detected_at in found:
            if stream not in late:
                late[stream] = now - arrival(ecg, stream, detected_at)


def main() -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--streams", type=int, default=GOAL_STREAMS)
    parser.add_argument("--seconds", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = run(Path(folder), arguments.streams, arguments.seconds)
    p50, p99 = (float(np.quantile(made.late, q)) for q in (0.5, 0.99))
    print(
        f"{made.streams} live streams for {made.seconds:.0f} s: {made.cpu:.1f} s of CPU, "
        f"{1e6 * made.cpu / made.streams / made.seconds:.0f} us per ECG-second, "
        f"{made.streams_per_core:,.0f} streams per core (goal {GOAL_STREAMS:,}); "
        f"alerts after p50 {p50:.2f} s, p99 {p99:.2f} s (goal {GOAL_LATE_SECONDS:g} s); "
        f"load {os.getloadavg()[0]:.1f}"
    )
    return int(made.streams_per_core < GOAL_STREAMS or p99 > GOAL_LATE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
