"""An inbox filled with simulated hearts, and what the engine wrote about them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, select

from safeguards.assertions import Asker
from safeguards.vault import Vault
from sandbox.patient.heart import Heart
from sandbox.patient.rhythm import Programme, beats
from tests.support.stores import place_wearables_store
from wearable_agg.afib.step import warm_up
from wearable_agg.ecg import inbox, segments
from wearable_agg.ecg.beats import beat_bytes
from wearable_agg.ecg.clock import Clock, first_clock
from wearable_agg.ecg.frames import Beats, Device, Hello, Samples, Sensor, Slice, beats_hello
from wearable_agg.ecg.stream import Frame, Stream
from wearable_agg.ecg.tables import open_inbox
from wearable_agg.engine.chunks import ANALYSED_LEAD
from wearable_agg.engine.embedded import EmbeddedEngine
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.findings_tables import analysed, episodes, findings
from wearable_agg.store.migrations import migrate
from wearable_agg.store.outbox_tables import outbox

RATE = 250
GAIN = 2.5
ORIGIN = 1_795_294_800_000_000
HOUR = 3600
NEVER = 1e9


@dataclass
class Recorded:
    """A device's session: its frames, and the row id it has in the inbox."""

    session: int
    frames: list[Frame]


class Place:
    """ecg.db and wearables.db in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ecg = open_inbox(folder / "ecg.db")
        place_wearables_store(folder / "wearables.db")
        self.wearables = open_database(folder / "wearables.db")
        self.vault = Vault.open(folder / "keys")
        migrate(self.wearables)

    def pair(self, patient: str, seed: int, programme: Programme, seconds: int) -> Recorded:
        """Open a session and make its frames, without storing them."""
        form = (Device("T", "Patch", str(seed)), ("I",), RATE, GAIN, 0)
        hello = Hello("", str(uuid.UUID(int=seed)), *form)
        clock = first_clock(RATE, ORIGIN, ORIGIN)
        session, stream = self._open(patient, hello, clock), Stream(hello, clock, 0)
        counts = ecg(seed, programme, seconds)
        return Recorded(session, [slice_of(stream, counts, n) for n in range(seconds)])

    def strap(
        self,
        patient: str,
        seed: int,
        programme: Programme,
        seconds: int,
        sensor: Sensor = Sensor.ELECTRIC,
    ) -> Recorded:
        """Open a session of beats and make its frames, slices of 10 s, without storing them."""
        device = Device("T", "Strap", str(seed))
        hello = beats_hello("", str(uuid.UUID(int=seed)), device, sensor, 0)
        clock = first_clock(hello.rate, ORIGIN, ORIGIN, sampled=False)
        session, stream = self._open(patient, hello, clock), Stream(hello, clock, 0)
        slices = beat_slices(seed, programme, seconds)
        return Recorded(session, [placed(stream, part) for part in slices])

    def _open(self, patient: str, hello: Hello, clock: Clock) -> int:
        asker = Asker("sandbox", "http://ehr/fhir", patient, "u", "U", "c", frozenset())
        with writing(self.wearables) as connection:
            person = person_for(connection, "sandbox", asker.issuer, patient, True, "Europe/Oslo")
            consents.record(connection, "sandbox", person or 0, [consents.RHYTHM], "I agree")
        with writing(self.ecg) as connection:
            return inbox.open_session(connection, hello, asker, clock).id

    def store(self, recorded: Recorded, first: int = 0, last: int | None = None) -> None:
        with writing(self.ecg) as connection:
            inbox.append(
                connection, ((recorded.session, frame) for frame in recorded.frames[first:last])
            )

    def bye(self, recorded: Recorded) -> None:
        """End a session as the gateway does when the device says so."""
        with writing(self.ecg) as connection:
            session = inbox.sessions_by_id(connection, [recorded.session])[recorded.session]
            inbox.end_session(connection, session)

    def engine(self) -> EmbeddedEngine:
        engine = EmbeddedEngine(self.ecg, self.wearables, self.vault, {"sandbox": "Europe/Oslo"})
        engine.resume()
        return engine

    def kept(self, recorded: Recorded) -> list[Frame]:
        """Return every frame of a session, from its segments and from the inbox."""
        when = (ANALYSED_LEAD, 0, 2**60)
        with self.ecg.connect() as connection:
            [session] = inbox.sessions_by_id(connection, [recorded.session]).values()
            packed = segments.between(connection, self.vault, session, *when)
            return [*packed, *inbox.read_between(connection, session.id, *when)]

    def wrote(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return everything the engine has written that must not depend on crashes."""
        return {
            "episodes": rows(self.wearables, select(episodes).order_by(episodes.c.id)),
            "analysed": rows(
                self.wearables, select(analysed).order_by(analysed.c.start, analysed.c.stream)
            ),
            "findings": rows(
                self.wearables, select(findings.c.id, findings.c.state).order_by(findings.c.id)
            ),
            "outbox": rows(
                self.wearables, select(outbox.c.kind, outbox.c.key).order_by(outbox.c.key)
            ),
        }


def ecg(seed: int, programme: Programme, seconds: int) -> Any:
    millivolts = Heart(seed, programme).millivolts(0, seconds * RATE, RATE)
    return np.rint(millivolts * 1000 / GAIN).astype(np.int16)


def slice_of(stream: Stream, counts: Any, number: int) -> Frame:
    part = counts[number * RATE : (number + 1) * RATE]
    return placed(stream, Samples(0, number, ORIGIN + number * 1_000_000, part))


def beat_slices(seed: int, programme: Programme, seconds: int) -> list[Beats]:
    made = beats(seed, programme, 0.0, seconds)
    millis = np.rint(1000 * made.times[(made.times >= 0) & (made.times < seconds)]).astype(int)
    parts = [millis[millis // 10_000 == n] - 10_000 * n for n in range(seconds // 10)]
    return [
        Beats(n, ORIGIN + 10_000_000 * n, 10_000, beat_bytes(part, np.zeros_like(part)))
        for n, part in enumerate(parts)
    ]


def placed(stream: Stream, part: Slice) -> Frame:
    frame = stream.take(part, ORIGIN + HOUR * 1_000_000)
    assert frame is not None
    return replace(frame, received_at=now_micros())


def rows(engine: Engine, query: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def drain(engine: EmbeddedEngine) -> None:
    while engine.advance() or engine.record():
        pass


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(tmp_path)
    yield here
    here.ecg.dispose()
    here.wearables.dispose()


@pytest.fixture
def places(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    return lambda: Place(tmp_path_factory.mktemp("place"))


@pytest.fixture
def run_to_end() -> Callable[[EmbeddedEngine], None]:
    return drain


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """Compile the analysis once, so that no test pays for it."""
    warm_up()
