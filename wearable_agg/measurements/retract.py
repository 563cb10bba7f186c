"""Taking back what a vendor deleted: the value goes to the history, rollups are rebuilt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, delete, select, text

from wearable_agg.measurements.batch import DAY
from wearable_agg.measurements.rollup import LEVELS, refresh_rollups
from wearable_agg.measurements.sources import vendor_of
from wearable_agg.measurements.upsert import INCOMING, ChangedDay
from wearable_agg.store.clock import now_micros
from wearable_agg.store.measurement_tables import measurements, retractions, series
from wearable_agg.store.recording_tables import ecg_recordings, rhythm_notices, spot_verdicts
from wearable_agg.store.upserts import insert

Key = tuple[int, int, int]
"""series_id, start, end."""


class Held(NamedTuple):
    """What a key stands for."""

    type: str
    statistic: str
    span: str
    vendor_id: str


_AT_ONCE = 500
_SECOND = 1_000_000
_KEEP_OLD = text(
    """
    INSERT INTO measurement_history
          (series_id, start, "end", version, value, origin_id, recorded_at, replaced_at, retracted)
    SELECT kept.series_id, kept.start, kept."end", kept.version, kept.value, kept.origin_id,
           kept.recorded_at, :now, true
    FROM incoming CROSS JOIN measurements AS kept
    WHERE kept.series_id = incoming.series_id AND kept.start = incoming.start
      AND kept."end" = incoming."end"
    """
)
_DELETE = text(
    """
    DELETE FROM measurements
    WHERE (series_id, start, "end") IN (SELECT series_id, start, "end" FROM incoming)
    """
)
_EMPTY_BUCKETS = text(
    """
    DELETE FROM rollups WHERE (series_id, level, start) IN (
        SELECT series_id, CAST(:level AS INTEGER), start - start % :length
        FROM incoming WHERE rolled_up)
    """
)


def retract(connection: Connection, keys: Iterable[Key]) -> tuple[ChangedDay, ...]:
    """Take measurements back in the caller's write transaction; returns the days that changed."""
    wanted = frozenset(keys)
    if not wanted:
        return ()
    known = _series(connection, {key[0] for key in wanted})
    INCOMING.prepare(connection)
    INCOMING.fill(
        connection,
        [(*key, 0.0, None, 0, "", 0, known[key[0]].rolled_up) for key in sorted(wanted)],
    )
    connection.execute(_KEEP_OLD, {"now": now_micros()})
    connection.execute(_DELETE)
    for level in LEVELS:
        connection.execute(_EMPTY_BUCKETS, {"level": level, "length": level * _SECOND})
    refresh_rollups(connection)
    return tuple(
        ChangedDay(known[key[0]].type, key[1]) for key in wanted if known[key[0]].span == DAY
    )


def withdraw(
    connection: Connection, tenant: str, person_id: int, vendor: str, ids: Sequence[str]
) -> tuple[ChangedDay, ...]:
    """Take back everything told under these ids of the vendor's, and refuse them from now on.

    So it does not matter whether the deletion comes before or after what it deletes.
    """
    for vendor_id in ids:
        connection.execute(
            insert(retractions)
            .values(
                tenant=tenant,
                person_id=person_id,
                vendor=vendor,
                vendor_id=vendor_id,
                retracted_at=now_micros(),
            )
            .on_conflict_do_nothing()
        )
    for table in (ecg_recordings, rhythm_notices):
        told = (
            (table.c.person_id == person_id)
            & (table.c.source == vendor)
            & table.c.vendor_id.in_(ids)
        )
        if table is ecg_recordings:
            gone = select(table.c.id).where(told)
            connection.execute(delete(spot_verdicts).where(spot_verdicts.c.recording_id.in_(gone)))
        connection.execute(delete(table).where(told))
    return retract(connection, _keys_of(connection, person_id, vendor, ids))


def withdrawn_ids(connection: Connection, person_id: int, vendor: str) -> frozenset[str]:
    """Return the ids under which the vendor has deleted what it told."""
    return frozenset(
        connection.execute(
            select(retractions.c.vendor_id).where(
                retractions.c.person_id == person_id, retractions.c.vendor == vendor
            )
        ).scalars()
    )


def keys_between(
    connection: Connection,
    person_id: int,
    vendor: str,
    types: Collection[tuple[str, bool]],
    start: int,
    end: int,
    named: bool | None,
) -> dict[Key, Held]:
    """Return what lies whole in [start, end) of these (type, whole day).

    `named` chooses values with, or without, an id of the vendor's.
    """
    mine = {
        row.id: row
        for row in connection.execute(select(series).where(series.c.person_id == person_id))
        if vendor_of(row.source) == vendor and (row.type, row.span == DAY) in types
    }
    columns = measurements.c
    query = select(columns.series_id, columns.start, columns.end, columns.vendor_id).where(
        columns.series_id.in_(mine), columns.start >= start, columns.end < end
    )
    if named is not None:
        query = query.where((columns.vendor_id != "") == named)
    return {
        (row.series_id, row.start, row.end): Held(
            mine[row.series_id].type,
            mine[row.series_id].statistic,
            mine[row.series_id].span,
            row.vendor_id,
        )
        for row in connection.execute(query)
    }


def _keys_of(
    connection: Connection, person_id: int, vendor: str, ids: Sequence[str]
) -> Iterable[Key]:
    mine = [
        row.id
        for row in connection.execute(select(series).where(series.c.person_id == person_id))
        if vendor_of(row.source) == vendor
    ]
    columns = measurements.c
    for first in range(0, len(ids), _AT_ONCE):
        rows = connection.execute(
            select(columns.series_id, columns.start, columns.end).where(
                columns.series_id.in_(mine), columns.vendor_id.in_(ids[first : first + _AT_ONCE])
            )
        )
        yield from (tuple(row) for row in rows)


def _series(connection: Connection, ids: Collection[int]) -> dict[int, Row[tuple[object, ...]]]:
    rows = connection.execute(select(series).where(series.c.id.in_(ids)))
    return {row.id: row for row in rows}
