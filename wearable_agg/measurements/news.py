"""What a batch tells that is not kept yet: a replay costs one ordered read, and no merge."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from sqlalchemy import Connection, text

from wearable_agg.measurements.batch import Row

_KEPT_BETWEEN = text(
    """
    SELECT start, "end", value, told_at FROM measurements
    WHERE series_id = :series AND start BETWEEN :first AND :last
    ORDER BY start, "end" LIMIT :most
    """
)
_WAS_RETRACTED = text(
    "SELECT 1 FROM measurement_history WHERE retracted AND series_id = :series LIMIT 1"
)
_KEY, _COMPARED = itemgetter(0, 1), itemgetter(0, 1, 2, 7)


def news(connection: Connection, series_id: int, rows: Sequence[Row]) -> tuple[list[Row], bool]:
    """Return the rows that are not kept just so, and whether no key of theirs was ever kept.

    Where much more is kept between them than they are, rows that are kept may be among those
    returned. Of several rows for one key there is the one that counts.
    """
    told = sorted(map(_COMPARED, rows))
    span = {
        "series": series_id,
        "first": told[0][0],
        "last": told[-1][0],
        "most": 2 * len(rows) + 1,
    }
    found = connection.execute(_KEPT_BETWEEN, span)
    kept = list(found.cursor.fetchall()) if found.cursor else []
    found.close()
    if kept == told:
        return [], False
    if not kept:
        return counting(rows), not _was_retracted(connection, series_id)
    known = set(kept)
    if known.issuperset(told):
        return [], False
    return [row for row in counting(rows) if _COMPARED(row) not in known], False


def counting(rows: Sequence[Row]) -> list[Row]:
    """Return of several rows for one key the one that counts."""
    if len(set(map(_KEY, rows))) == len(rows):
        return list(rows)
    kept: dict[tuple[int, int], Row] = {}
    for row in rows:
        known = kept.get(row[:2])
        if known is None or not (row[7] and known[7]) or (row[7], row[2]) > (known[7], known[2]):
            kept[row[:2]] = row
    return list(kept.values())


def _was_retracted(connection: Connection, series_id: int) -> bool:
    return connection.execute(_WAS_RETRACTED, {"series": series_id}).first() is not None
