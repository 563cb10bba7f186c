"""Reading heart rate over any window from the finest rollup that is still few enough rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from wearable_agg.measurements.rollup import LEVELS
from wearable_agg.people.registry import members
from wearable_agg.store.clock import to_micros
from wearable_agg.store.measurement_tables import rollups, series

MOST_BUCKETS = 900
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values that fall into one bucket; `start` in whole seconds since the epoch."""

    start: int
    n: int
    min: float
    mean: float
    max: float


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets of `level_seconds` in order of time; where nothing was measured there is none."""

    level_seconds: int
    buckets: list[Bucket]


def level_for(start: datetime, end: datetime) -> int:
    """Return the finest level with at most MOST_BUCKETS buckets; the coarsest where none has."""
    seconds = (end - start).total_seconds()
    return next((level for level in LEVELS if seconds / level <= MOST_BUCKETS), LEVELS[-1])


def read_buckets(
    connection: Connection, person_id: int, kind: str, start: datetime, end: datetime
) -> Buckets:
    """Return the buckets of `kind` that begin within [start, end), from the fullest source."""
    level = level_for(start, end)
    inside = (
        rollups.c.level == level,
        rollups.c.start >= to_micros(start) // (level * _SECOND) * (level * _SECOND),
        rollups.c.start < to_micros(end),
    )
    mine = select(series.c.id).where(members(series.c.person_id, person_id), series.c.type == kind)
    fullest = connection.execute(
        select(rollups.c.series_id)
        .where(rollups.c.series_id.in_(mine), *inside)
        .group_by(rollups.c.series_id)
        .order_by(func.sum(rollups.c.coverage).desc(), rollups.c.series_id)
        .limit(1)
    ).scalar()
    rows = connection.execute(
        select(rollups.c.start, rollups.c.n, rollups.c.min, rollups.c.sum, rollups.c.max)
        .where(rollups.c.series_id == fullest, *inside)
        .order_by(rollups.c.start)
    )
    found = [Bucket(at // _SECOND, n, low, total / n, high) for at, n, low, total, high in rows]
    return Buckets(level, found)
