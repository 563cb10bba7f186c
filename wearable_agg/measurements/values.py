"""Single values as they are kept, in order of time, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from wearable_agg.measurements.daily import Series, series_of
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.store.measurement_tables import measurements, origins

Place = tuple[int, str]
"""A value's start (microseconds), and its series and end as "series:end": where a page ends."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a series; `version` counts how often the vendor has told it otherwise."""

    series: Series
    value: float
    start: datetime
    end: datetime
    offset_seconds: int | None
    device: str
    method: str
    vendor_id: str
    version: int

    @property
    def place(self) -> Place:
        """Where in the list it stands."""
        return to_micros(self.start), f"{self.series.id}:{to_micros(self.end)}"


def read_values(
    connection: Connection,
    person_id: int,
    kind: str,
    start: datetime,
    end: datetime,
    limit: int,
    after: Place | None = None,
) -> list[Value]:
    """Return at most `limit` values of `kind` that begin within [start, end), from every source.

    Those that follow the one at `after`. Raises ValueError where that is no place.
    """
    mine = {one.id: one for one in series_of(connection, person_id) if one.type == kind}
    edges = to_micros(start), to_micros(end)
    key = None if after is None else (after[0], *map(int, after[1].split(":", 1)))
    parts = [_rows(connection, number, edges, limit, key) for number in mine]
    rows = islice(merge(*parts, key=lambda row: (row.start, row.series_id, row.end)), limit)
    return [_value(mine[row.series_id], row) for row in rows]


def _rows(
    connection: Connection,
    series_id: int,
    edges: tuple[int, int],
    limit: int,
    after: tuple[int, ...] | None,
) -> Iterator[Row[Any]]:
    kept = measurements.c
    wanted = (
        select(measurements, origins.c.device, origins.c.method)
        .join(origins, origins.c.id == kept.origin_id)
        .where(kept.series_id == series_id, kept.start >= edges[0], kept.start < edges[1])
        .order_by(kept.start, kept.end)
        .limit(limit)
    )
    if after is not None:
        at, listed, until = after
        first = kept.start > at if series_id < listed else kept.start >= at
        wanted = wanted.where(first)
        if series_id == listed:
            wanted = wanted.where(or_(kept.start > at, kept.end > until))
    return iter(connection.execute(wanted).all())


def _value(series: Series, row: Any) -> Value:
    return Value(
        series=series,
        value=row.value,
        start=from_micros(row.start),
        end=from_micros(row.end),
        offset_seconds=row.offset_seconds,
        device=row.device,
        method=row.method,
        vendor_id=row.vendor_id,
        version=row.version,
    )
