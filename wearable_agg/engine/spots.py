"""Our own verdict on ECGs that people took themselves, kept beside the vendor's.

A recording is looked at once for each version of it and of the rule: killed at any moment, the
same verdicts come in the end. Nothing is looked at that the person does not share.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import structlog
from sqlalchemy import Connection, Engine, and_, select

from clinical.verdicts import Meaning
from config.clinical import load
from safeguards.strict_json import dumps
from safeguards.vault import KeyUnavailable, Unreadable, Vault
from wearable_agg.afib.spot import classify
from wearable_agg.afib.trees import stored
from wearable_agg.afib.types import DECIDER_VERSION
from wearable_agg.engine.recording import numbers
from wearable_agg.measurements.model import EcgSignal
from wearable_agg.measurements.recordings import recording_called
from wearable_agg.people.consents import RHYTHM, permits_topic
from wearable_agg.people.registry import touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing
from wearable_agg.store.recording_tables import ecg_recordings, spot_verdicts
from wearable_agg.store.upserts import insert

DECIDER = "wristchart-spot"
AT_ONCE = 3
"""Bounds how long streams wait for recordings: one takes some hundredths of a second."""
LOOK_SECONDS = 5.0
"""How long it waits before it looks for recordings again, where there were none."""

_MICROVOLTS_PER_MILLIVOLT = 1000.0

log = structlog.get_logger()


@cache
def decider_version() -> str:
    """Name the rule: the version of the analysis and a checksum of the model's numbers."""
    checksum = 0
    for array in stored("spot"):
        checksum = zlib.crc32(array.tobytes(), checksum)
    return f"{DECIDER_VERSION}-{checksum:08x}"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What our rule says: a word of config/clinical/verdicts.toml, and its own word or why none.

    There is no probability in it: the model's own is not calibrated (docs/detection.md).
    """

    verdict: str
    said: str
    evidence: dict[str, float]


def opinion(signal: EcgSignal) -> Opinion:
    """Classify a recording; what cannot be classified is "not analysed", with the reason."""
    millivolts = np.array(signal.microvolts(), np.float32) / _MICROVOLTS_PER_MILLIVOLT
    try:
        found = classify(millivolts.astype(np.float32), signal.rate)
    except ValueError as problem:
        return Opinion(Meaning.NOT_ANALYSED.value, str(problem), {})
    word = load("verdicts")["wristchart_spot"][found.kind]
    return Opinion(word, found.kind, numbers(found.evidence))


class SpotClassifier:
    """Works through the recordings that our rule has not looked at yet."""

    def __init__(self, wearables: Engine, vault: Vault) -> None:
        self._wearables, self._vault = wearables, vault
        self._after = 0
        self._not_before = 0.0
        self._preparing: threading.Thread | None = None

    def prepare(self) -> None:
        """Compile or load what is needed beside the streams' analysis; `step` waits for that."""
        silence = EcgSignal(300.0, "", 1.0, (0.0,) * 3000)
        self._preparing = threading.Thread(target=opinion, args=(silence,), daemon=True)
        self._preparing.start()

    def step(self) -> bool:
        """Look at the next few recordings; True where there were any.

        Raises sqlalchemy's errors where the database cannot be used.
        """
        if time.monotonic() < self._not_before or self._is_preparing():
            return False
        with self._wearables.connect() as connection:
            rows = _waiting(connection, self._after)
            made = [(row, self._opinion(connection, row)) for row in _shared(connection, rows)]
        if not rows:
            self._after, self._not_before = 0, time.monotonic() + LOOK_SECONDS
            return False
        self._after = rows[-1].id
        with writing(self._wearables) as connection:
            for row, said in made:
                if said is not None and _stands(connection, row):
                    _keep(connection, row, said)
        return True

    def _is_preparing(self) -> bool:
        return self._preparing is not None and self._preparing.is_alive()

    def _opinion(self, connection: Connection, row: Any) -> Opinion | None:
        try:
            kept = recording_called(connection, self._vault, row.id)
        except (Unreadable, KeyUnavailable) as problem:
            log.error("recording not readable", recording=row.id, reason=str(problem))
            return None
        if kept.signal is None:
            return None
        if kept.flaw:  # such as a hole, across which samples do not follow each other
            return Opinion(Meaning.NOT_ANALYSED.value, kept.flaw, {})
        return opinion(kept.signal)


def _waiting(connection: Connection, after: int) -> Sequence[Any]:
    """Return recordings with a waveform and without today's verdict on it; from an index alone."""
    kept, made = ecg_recordings.c, spot_verdicts.c
    verdict = and_(
        made.recording_id == kept.id,
        made.recording_version == kept.version,
        made.decider_version == decider_version(),
    )
    query = (
        select(kept.id, kept.version, kept.person_id)
        .outerjoin(spot_verdicts, verdict)
        .where(kept.samples.is_not(None), made.recording_id.is_(None), kept.id > after)
        .order_by(kept.id)
        .limit(AT_ONCE)
    )
    return connection.execute(query).all()


def _shared(connection: Connection, rows: Iterable[Any]) -> list[Any]:
    rows = list(rows)
    people = {row.person_id for row in rows}
    sharing = {one for one in people if permits_topic(connection, one, RHYTHM)}
    return [row for row in rows if row.person_id in sharing]


def _stands(connection: Connection, row: Any) -> bool:
    """Tell whether the recording is still what was looked at, and still shared."""
    same = select(ecg_recordings.c.id).where(
        ecg_recordings.c.id == row.id, ecg_recordings.c.version == row.version
    )
    there = connection.execute(same).first() is not None
    return there and permits_topic(connection, row.person_id, RHYTHM)


def _keep(connection: Connection, row: Any, said: Opinion) -> None:
    values = {
        "recording_version": row.version,
        "decider": DECIDER,
        "decider_version": decider_version(),
        "verdict": said.verdict,
        "said": said.said,
        "evidence": dumps(said.evidence),
        "decided_at": now_micros(),
    }
    statement = insert(spot_verdicts).values(recording_id=row.id, **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["recording_id"], set_=values)
    )
    touch(connection, row.person_id)
