"""What the page reads of the rhythm: episodes, and how much of the time was looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, or_, select

from wearable_agg.delivery.listing import iso
from wearable_agg.people.registry import members
from wearable_agg.store.clock import to_micros
from wearable_agg.store.findings_tables import analysed, findings
from wearable_agg.store.findings_tables import episodes as episodes_table


def episodes(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> dict[str, Any]:
    """Return what the API says of a person's rhythm between two instants.

    Episodes that reach into the window are whole. Analysed stretches count by their start.
    """
    return {
        "episodes": [_shown(row) for row in _rows(connection, person_id, start, end)],
        **_totals(connection, person_id, start, end),
    }


def is_known(connection: Connection, person_id: int) -> bool:
    """Tell whether anything of the person's rhythm was ever analysed or found."""
    kept = (analysed.c.person_id, episodes_table.c.person_id, findings.c.person_id)
    return any(
        connection.execute(select(column).where(members(column, person_id)).limit(1)).first()
        for column in kept
    )


def _rows(
    connection: Connection, person_id: int, start: datetime, end: datetime
) -> list[RowMapping]:
    table = episodes_table
    reaches_in = or_(
        table.c.end > to_micros(start),
        table.c.end.is_(None) & (table.c.last_seen_at > to_micros(start)),
    )
    found = connection.execute(
        select(table)
        .where(members(table.c.person_id, person_id), table.c.onset < to_micros(end), reaches_in)
        .order_by(table.c.onset)
    )
    return list(found.mappings())


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
