"""Live ECG streams for the engine's bench: whose hearts, what is behind them, and what comes.

Streams are copies of a few hearts at different places, so that neither their decisions nor their
minutes nor their episodes fall together, as they do not where devices were put on at any moment.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import time
import uuid
import zlib
from collections.abc import Iterator
from ctypes import c_double
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme
from wearable_agg.afib.state import ShardState, new_shard
from wearable_agg.afib.step import step
from wearable_agg.afib.types import Chunk
from wearable_agg.ecg import inbox
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import open_inbox, sessions
from wearable_agg.engine.chunks import SHARDS, shard_of
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing

RATE = 250
GAIN = 2.5
KINDS = 40
"""Hearts that the streams are copies of; a tenth of them begin to fibrillate."""

FIRST = 10
"""Second about which the first fibrillation is noticed."""

BEFORE = 150
"""Seconds that a stream has behind it at least."""

PHASES = 30
"""Streams of one heart are so many seconds apart."""

NOTICED_AFTER = 45
"""About how many seconds of fibrillation it takes to be noticed."""

SLICES_PER_SECOND = 20


@dataclass(frozen=True)
class Scene:
    """So many streams from `begin` on (UTC epoch second); `together` all began in one second."""

    streams: int
    seconds: int
    begin: int
    together: bool

    def first(self, ahead: int) -> int:
        """Return the second of its heart with which a stream of that place began."""
        return ahead if self.together else 0

    @property
    def share(self) -> int:
        """Frames that are committed together."""
        return -(-self.streams // SLICES_PER_SECOND)


def hearts(scene: Scene, seconds: int) -> Iterator[NDArray[np.int16]]:
    """Yield so many seconds more than is behind all; in some fibrillation begins, by and by."""
    ill = KINDS // 10
    apart = max(0, scene.seconds - PHASES - 2 * FIRST) // (ill - 1)
    length = (BEFORE + PHASES + seconds) * RATE
    for kind in range(KINDS):
        noticed = BEFORE + PHASES + FIRST + apart * kind
        onset = float(noticed - NOTICED_AFTER) if kind < ill else 1e9
        volts = Heart(kind, Programme(onset, 1e9)).millivolts(0, length, RATE)
        yield np.rint(volts * 1000 / GAIN).astype("<i2")


def origin_of(stream: int) -> tuple[int, int]:
    """Return which heart a stream is a copy of, and how many seconds it is ahead of the others."""
    return stream % KINDS, stream // KINDS % PHASES


def second(counts: NDArray[np.int16], number: int) -> NDArray[np.int16]:
    """Return one second of a heart's counts."""
    return counts[number * RATE : (number + 1) * RATE]


def name_of(stream: int) -> str:
    """Return the UUID that a stream's device gave its session."""
    return str(uuid.UUID(int=stream + 1))


def number_of(name: str) -> int:
    """Return the stream whose name the engine writes as this."""
    return uuid.UUID(name.split("/")[0]).int - 1


def sessions_of(streams: int) -> NDArray[np.int64]:
    """Return the row id of every stream's session.

    In which order devices were first put on says nothing of the moment of the second at which
    they send.
    """
    return np.random.default_rng(streams).permutation(streams) + 1


def open_sessions(ecg: Engine, streams: int) -> None:
    """Open a session for every stream, each of another patient."""
    ids = sessions_of(streams)
    rows = [
        {
            "id": int(ids[n]), "session": name_of(n), "tenant": "bench", "issuer": "http://ehr",
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


def states_before(scene: Scene) -> list[ShardState]:
    """Return the shards' states after all that is behind the streams."""
    rows = {}
    for kind, counts in enumerate(hearts(scene, 0)):
        chunks = [
            Chunk(
                f"{kind} {ahead}", float(scene.begin - BEFORE - ahead + number), RATE,
                (second(counts, number) * (GAIN / 1000)).astype(np.float32), number, False,
            )
            for ahead in range(PHASES)
            for number in range(scene.first(ahead), BEFORE + ahead)
        ]  # fmt: skip
        state, _ = step(new_shard(), chunks)
        rows.update(zip(state.streams, state.rows, strict=True))
    shards: list[list[int]] = [[] for _ in range(SHARDS)]
    for n in range(scene.streams):
        shards[shard_of(f"{name_of(n)}/I")].append(n)
    return [
        ShardState(
            tuple(f"{name_of(n)}/I" for n in members),
            np.array([rows["{} {}".format(*origin_of(n))] for n in members]),
        )
        for members in shards
    ]


class Feeder:
    """A process that appends a frame a second for every stream, spread over the second."""

    def __init__(self, ecg: Path, scene: Scene) -> None:
        self._scene = scene
        # when the first frames of a second, the next ones... were committed; 0.0 until then
        self._committed = multiprocessing.RawArray(c_double, scene.seconds * SLICES_PER_SECOND)
        self._process = multiprocessing.Process(target=self._feed, args=(ecg,))

    def start(self) -> None:
        """Begin; the first frames come when the scene begins."""
        self._process.start()

    @property
    def running(self) -> bool:
        """Whether more will come."""
        return self._process.is_alive()

    def arrived(self, stream: int, until: float) -> float:
        """Return when the frame was committed that holds what came just before `until`."""
        number = math.ceil(until - self._scene.begin - 1e-4) - 1
        return self._committed[number * SLICES_PER_SECOND + stream // self._scene.share]

    @property
    def lags(self) -> NDArray[np.float64]:
        """How many seconds after its time each commit of frames was done."""
        due = self._scene.begin + np.arange(len(self._committed)) / SLICES_PER_SECOND
        return np.array(self._committed) - due

    def _feed(self, path: Path) -> None:
        scene = self._scene
        kinds = list(hearts(scene, scene.seconds))
        ids = sessions_of(scene.streams).tolist()
        ecg = open_inbox(path)
        for number in range(scene.seconds):
            data = [
                [second(counts, BEFORE + ahead + number).tobytes() for ahead in range(PHASES)]
                for counts in kinds
            ]
            for part in range(SLICES_PER_SECOND):
                due = scene.begin + number + part / SLICES_PER_SECOND
                time.sleep(max(0.0, due - time.time()))
                with writing(ecg) as connection:
                    inbox.append(connection, _frames(scene, ids, data, number, part))
                self._committed[number * SLICES_PER_SECOND + part] = time.time()
        ecg.dispose()


def _frames(
    scene: Scene, ids: list[int], data: list[list[bytes]], number: int, part: int
) -> Iterator[tuple[int, Frame]]:
    """Yield a part of the streams' frames of a second, each time in another order."""
    now, start = time.time_ns() // 1000, (scene.begin + number) * 1_000_000
    members = range(part * scene.share, min(scene.streams, (part + 1) * scene.share))
    for n in random.sample(members, len(members)):
        kind, ahead = origin_of(n)
        counts, sequence = data[kind][ahead], BEFORE + ahead + number
        yield (
            ids[n],
            Frame(0, sequence, start, now, start, RATE, RATE, counts, zlib.crc32(counts), False),
        )
