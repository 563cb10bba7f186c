"""What was said of a person's rhythm, without the waveforms it was said of."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, select

from safeguards.strict_json import loads
from wearable_agg.measurements.model import EcgRecording, RhythmNotification, RhythmVerdict
from wearable_agg.measurements.recordings import NOTIFICATION
from wearable_agg.people.registry import members
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.recording_tables import ecg_recordings, rhythm_notices, spot_verdicts

Statement = EcgRecording | RhythmNotification | RhythmVerdict


class OwnVerdict(NamedTuple):
    """What our own rule made of a recording; times are aware UTC."""

    verdict: str
    said: str
    decider: str
    decider_version: str
    start: datetime
    end: datetime
    device: str


def vendors_said(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> list[Statement]:
    """Return vendors' verdicts and notices that reach into [start, end), samples left out."""
    kept = ecg_recordings.c
    recordings = connection.execute(
        # what stands before the samples in a row: SQLite need not walk over them
        select(
            *(kept.verdict, kept.vendor_verdict, kept.mean_heart_rate),
            *(kept.start, kept.end, kept.offset_seconds, kept.source, kept.device, kept.vendor_id),
            kept.algorithm,
        ).where(_reaches_in(ecg_recordings, person_id, start, end))
    )
    notices = connection.execute(
        select(rhythm_notices).where(_reaches_in(rhythm_notices, person_id, start, end))
    )
    return [*(_recording(row) for row in recordings), *(_notice(row) for row in notices)]


def own_verdicts(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> list[OwnVerdict]:
    """Return what our own rule made of the recordings that reach into [start, end)."""
    made, kept = spot_verdicts.c, ecg_recordings.c
    rows = connection.execute(
        select(
            *(made.verdict, made.said, made.decider, made.decider_version),
            *(kept.start, kept.end, kept.device),
        )
        .join(ecg_recordings, kept.id == made.recording_id)
        .where(_reaches_in(ecg_recordings, person_id, start, end))
    )
    return [
        OwnVerdict(*row[:4], start=from_micros(row[4]), end=from_micros(row[5]), device=row[6])
        for row in rows
    ]


def _reaches_in(
    table: Table, person_id: int, start: datetime, end: datetime
) -> ColumnElement[bool]:
    inside = (table.c.start < to_micros(end)) & (table.c.end >= to_micros(start))
    return members(table.c.person_id, person_id) & inside


def _when(row: Any) -> dict[str, Any]:
    return {
        "start": from_micros(row.start),
        "end": from_micros(row.end),
        "offset_seconds": row.offset_seconds,
        "source": row.source,
        "device": row.device,
        "vendor_id": row.vendor_id,
    }


def _recording(row: Any) -> EcgRecording:
    said = (row.verdict, row.vendor_verdict, row.mean_heart_rate)
    return EcgRecording(*said, None, **_when(row), algorithm=row.algorithm)


def _notice(row: Any) -> RhythmNotification | RhythmVerdict:
    if row.kind == NOTIFICATION:
        return RhythmNotification(row.said, (), **_when(row), algorithm=row.algorithm)
    method = loads(row.detail)["method"]
    return RhythmVerdict(row.said, row.vendor_said, method, **_when(row))
