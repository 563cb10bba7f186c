"""The stretch of ECG that is kept as the evidence of an episode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from config.clinical import load
from safeguards.vault import Vault
from wearable_agg.delivery.detection import Strip
from wearable_agg.ecg import inbox, segments
from wearable_agg.ecg.frames import INVALID_SAMPLE
from wearable_agg.ecg.inbox import Session
from wearable_agg.ecg.stream import Frame
from wearable_agg.engine.chunks import ANALYSED_LEAD
from wearable_agg.store.clock import from_micros

SECONDS = 30
_MICROS = 1_000_000
_LONGEST_SEARCH = 600 * _MICROS
_SHORTEST = 3 * _MICROS
_TOLERANCE = _MICROS // 10


def lead_code(lead: str) -> str:
    """Return the MDC code of a lead, or that of an unspecified one."""
    table = load("leads")
    return str(table["codes"].get(lead, table["unspecified"]))


def cut(
    connection: Connection, vault: Vault, session: Session, onset: int, detected_at: int
) -> Strip | None:
    """Return some 30 s inside the episode, unbroken; None where nothing is legible.

    Times are UTC microseconds. Prefers the stretch just before the detection, whose rhythm it is
    that led to the decision.
    """
    earliest = max(onset, detected_at - _LONGEST_SEARCH)
    when = (ANALYSED_LEAD, earliest, detected_at)
    kept = segments.between(connection, vault, session, *when)
    frames = [*kept, *inbox.read_between(connection, session.id, *when)]
    runs = unbroken(frames)
    if not runs:
        return None
    full = [run for run in runs if _duration(run) >= SECONDS * _MICROS]
    chosen = full[-1] if full else max(runs, key=_duration)
    return None if _duration(chosen) < _SHORTEST else _strip(session, chosen)


def unbroken(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Group frames into runs that follow each other directly and hold only valid samples."""
    runs: list[list[Frame]] = []
    due: int | None = None
    for frame in frames:
        if not _legible(frame):
            due = None
            continue
        if due is None or frame.gap_before or abs(frame.start - due) > _TOLERANCE:
            runs.append([])
        runs[-1].append(frame)
        due = frame.start + round(frame.length * _MICROS / frame.rate)
    return runs


def _legible(frame: Frame) -> bool:
    whole = len(frame.counts) == 2 * frame.length
    return whole and INVALID_SAMPLE not in _samples([frame])


def _duration(run: Sequence[Frame]) -> float:
    return sum(frame.length * _MICROS / frame.rate for frame in run)


def _samples(run: Sequence[Frame]) -> NDArray[np.int16]:
    return np.frombuffer(b"".join(frame.counts for frame in run), dtype="<i2")


def _strip(session: Session, run: Sequence[Frame]) -> Strip:
    rate = run[-1].rate
    samples = _samples(run)
    kept = min(len(samples), round(SECONDS * rate))
    lead = session.leads[ANALYSED_LEAD]
    start = run[0].start + round((len(samples) - kept) * _MICROS / rate)
    return Strip(
        start=from_micros(start),
        rate=rate,
        lead=lead,
        lead_code=lead_code(lead),
        microvolts_per_count=session.gain,
        samples=samples[-kept:],
    )
