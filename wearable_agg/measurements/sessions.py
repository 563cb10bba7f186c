"""Nights, workouts and stretches of activity that a vendor tells again, perhaps at other times.

Their key holds their times, so that one that was moved would stand beside what it was before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from wearable_agg.measurements.batch import Batch, Row, SeriesKey
from wearable_agg.measurements.sources import vendor_of
from wearable_agg.measurements.types import TYPES
from wearable_agg.people.consents import permitted_types
from wearable_agg.store.measurement_tables import measurements, series

SESSIONS = frozenset(
    name for name in TYPES if name.startswith(("sleep_", "workout", "apnea_", "activity_"))
)
"""Types of values that are of a stretch of time with an id of its own, or of a part of it."""

FARTHEST = timedelta(days=2) // timedelta(microseconds=1)
"""How far a session is looked for around where it is told now."""

_AT_ONCE = 500

Key = tuple[int, int, int]


def ids_of(batch: Batch) -> frozenset[str]:
    """Return the ids of the sessions that a batch tells of."""
    return frozenset(row[6] for _, row in _rows(batch))


def without(batch: Batch, ids: Collection[str]) -> None:
    """Take sessions out of a batch."""
    if not ids:
        return
    for key in [key for key in batch.rows if key.type in SESSIONS]:
        batch.rows[key] = [row for row in batch.rows[key] if row[6] not in ids]
        if not batch.rows[key]:
            del batch.rows[key]


def moved(
    connection: Connection, person_id: int, vendor: str, batch: Batch, replay_of: int | None
) -> list[Key]:
    """Return what is kept of the batch's sessions and stands there no longer.

    Types that the person does not allow stay: it was not asked whether they are told. Of a payload
    that arrived at `replay_of` (microseconds) and is worked on again, sessions that were written
    since are taken out of the batch: they stay as they are.
    """
    told = {(key, row[:2], row[6]) for key, row in _rows(batch)}
    kept = list(_kept(connection, person_id, vendor, batch)) if told else []
    later = {one.vendor_id for _, one in kept if replay_of and one.recorded_at > replay_of}
    without(batch, later)
    allowed = permitted_types(connection, person_id) if kept else ()
    return [
        (one.series_id, one.start, one.end)
        for key, one in kept
        if key.type in allowed
        and one.vendor_id not in later
        and (key, (one.start, one.end), one.vendor_id) not in told
    ]


def _rows(batch: Batch) -> Iterator[tuple[SeriesKey, Row]]:
    for key, rows in batch.rows.items():
        if key.type in SESSIONS:
            yield from ((key, row) for row in rows if row[6])


def _kept(
    connection: Connection, person_id: int, vendor: str, batch: Batch
) -> Iterator[tuple[SeriesKey, Any]]:
    mine = {
        row.id: SeriesKey(row.type, row.statistic, row.source, row.span)
        for row in connection.execute(select(series).where(series.c.person_id == person_id))
        if row.type in SESSIONS and vendor_of(row.source) == vendor
    }
    columns, times = measurements.c, [row[:2] for _, row in _rows(batch)]
    ids = sorted(ids_of(batch))
    for first in range(0, len(ids), _AT_ONCE):
        found = connection.execute(
            select(
                *(columns.series_id, columns.start, columns.end),
                *(columns.vendor_id, columns.recorded_at),
            ).where(
                columns.series_id.in_(mine),
                columns.start >= min(start for start, _ in times) - FARTHEST,
                columns.start < max(end for _, end in times) + FARTHEST,
                columns.vendor_id.in_(ids[first : first + _AT_ONCE]),
            )
        )
        yield from ((mine[row.series_id], row) for row in found)
