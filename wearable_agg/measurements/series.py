"""The numbers by which measurements name their series and the device they come from."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter

from sqlalchemy import Connection, select

from wearable_agg.measurements.batch import DAY, Row, SeriesKey
from wearable_agg.measurements.types import TYPES
from wearable_agg.store.measurement_tables import origins, series

_ORIGIN = itemgetter(4, 5)


def rolled_up(key: SeriesKey) -> bool:
    """Tell whether rollups are kept of a series."""
    return TYPES[key.type].rolled_up and key.span != DAY


def series_id(connection: Connection, tenant: str, person_id: int, key: SeriesKey) -> int:
    """Return a series' number; one that is new is made, in the caller's write transaction."""
    found = connection.execute(
        select(series.c.id).where(
            series.c.person_id == person_id,
            series.c.type == key.type,
            series.c.statistic == key.statistic,
            series.c.source == key.source,
            series.c.span == key.span,
        )
    ).scalar()
    if found is not None:
        return int(found)
    added = series.insert().values(
        tenant=tenant,
        person_id=person_id,
        type=key.type,
        statistic=key.statistic,
        source=key.source,
        span=key.span,
        unit=TYPES[key.type].unit,
        rolled_up=rolled_up(key),
    )
    return int(connection.execute(added.returning(series.c.id)).scalar_one())


def origin_ids(connection: Connection, rows: Iterable[Row]) -> dict[tuple[str, str], int]:
    """Return the numbers of the (device, method) of these rows; new ones are made."""
    return {pair: _origin_id(connection, *pair) for pair in set(map(_ORIGIN, rows))}


def _origin_id(connection: Connection, device: str, method: str) -> int:
    found = connection.execute(
        select(origins.c.id).where(origins.c.device == device, origins.c.method == method)
    ).scalar()
    if found is not None:
        return int(found)
    added = origins.insert().values(device=device, method=method).returning(origins.c.id)
    return int(connection.execute(added).scalar_one())
