"""What the page reads of the rhythm: episodes, verdicts, how much of the time was looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from clinical.verdicts import RhythmEvent, foremost, on_beats_alone
from wearable_agg.delivery.listing import iso
from wearable_agg.delivery.rhythm_events import episodes_between, events_between
from wearable_agg.people.registry import members
from wearable_agg.store.clock import to_micros
from wearable_agg.store.findings_tables import analysed, findings
from wearable_agg.store.findings_tables import episodes as episodes_table
from wearable_agg.store.recording_tables import ecg_recordings, rhythm_notices

MOST_EVENTS = 200


def episodes(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> dict[str, Any]:
    """Return what the API says of a person's rhythm between two instants.

    Episodes that reach into the window are whole. Analysed stretches count by their start;
    those of the equal period before are told too, to compare with.
    """
    verdicts = events_between(connection, person_id, start, end)
    shown = foremost(verdicts, MOST_EVENTS)
    return {
        "episodes": [_shown(row) for row in episodes_between(connection, person_id, start, end)],
        "events": [_event_shown(one) for one in shown],
        "events_left_out": len(verdicts) - len(shown),
        **_totals(connection, person_id, start, end),
        "before": _totals(connection, person_id, start - (end - start), start),
    }


def is_known(connection: Connection, person_id: int) -> bool:
    """Tell whether anything of the person's rhythm was ever told, analysed or found."""
    told = (ecg_recordings.c.person_id, rhythm_notices.c.person_id)
    kept = (analysed.c.person_id, episodes_table.c.person_id, findings.c.person_id, *told)
    return any(
        connection.execute(select(column).where(members(column, person_id)).limit(1)).first()
        for column in kept
    )


def _event_shown(one: RhythmEvent) -> dict[str, Any]:
    """Return an event as the API gives it."""
    return {
        "meaning": one.meaning.value,
        "text": one.text,
        "start": _iso(one.start),
        "end": one.end and _iso(one.end),
        "signal": one.signal.value,
        "beats_alone": on_beats_alone(one.decider),
        "decider": one.decider,
        "decided_by": one.decided_by,
        "version": one.version,
        "investigational": one.is_own,
        "said": one.said,
        "device": one.device,
        "probability": one.probability,
        "severity": one.severity,
    }


def _iso(instant: datetime) -> str | None:
    return iso(to_micros(instant))


def _shown(row: RowMapping) -> dict[str, Any]:
    return {
        "id": row["id"],
        "start": iso(row["onset"]),
        "end": iso(row["end"]),
        "last_seen_at": iso(row["last_seen_at"]),
        "detected_at": iso(row["detected_at"]),
        "mean_rate": round(row["mean_rate"], 1),
        "max_rate": round(row["max_rate"], 1),
        "decider": row["decider"],
        "signal": row["signal"],
    }


def _totals(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> dict[str, float]:
    columns = ("recorded_seconds", "analysable_seconds", "af_seconds")
    totals = connection.execute(
        select(*(func.coalesce(func.sum(analysed.c[name]), 0.0) for name in columns)).where(
            members(analysed.c.person_id, person_id),
            analysed.c.start >= to_micros(start),
            analysed.c.start < to_micros(end),
        )
    ).one()
    names = ("recorded_seconds", "analysed_seconds", "af_seconds")
    return {name: float(total) for name, total in zip(names, totals, strict=True)}
