"""Rollups: n, sum, min, max and covered seconds per 5 min, 15 min, 1 h, 6 h and 1 d of UTC.

They are rebuilt for the buckets that a batch touched, the finest from the measurements and each
coarser one from the finer, so that corrections are exact: a minimum cannot be taken back otherwise.
"""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import Connection, text

from wearable_agg.store.staging import Stage

LEVELS = (300, 900, 3600, 21600, 86400)
"""Bucket lengths in seconds; each divides the next."""

COVERING = 900
"""A bucket up to this length (seconds) is covered where it holds any value.

Wearables sample the heart every few seconds to every ten minutes: a quarter of an hour without a
value means that nothing was measured, whatever the device.
"""

_SECOND = 1_000_000

TOUCHED = Stage("touched", (("series_id", "integer"), ("start", "bigint")), key=2)
_TOUCH = text(
    """
    INSERT INTO touched
    SELECT DISTINCT series_id, start - start % :length FROM incoming WHERE rolled_up
    """
)
_WIDEN = text(
    """
    INSERT INTO touched
    SELECT DISTINCT series_id, start - start % :length FROM touched WHERE true
    ON CONFLICT DO NOTHING
    """
)
_NARROW = text("DELETE FROM touched WHERE start % :length != 0")

_REPLACED = """
    ON CONFLICT (series_id, level, start) DO UPDATE SET
        n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max,
        coverage = excluded.coverage
"""
_FINEST = text(
    f"""
    INSERT INTO rollups (series_id, level, start, n, sum, min, max, coverage)
    SELECT touched.series_id, {LEVELS[0]}, touched.start,
           count(*), sum(value), min(value), max(value), {LEVELS[0]}
    FROM touched CROSS JOIN measurements AS m
    WHERE m.series_id = touched.series_id
      AND m.start >= touched.start AND m.start < touched.start + {LEVELS[0] * _SECOND}
    GROUP BY touched.series_id, touched.start
    {_REPLACED}
    """  # noqa: S608  # built from our own constants
)
_COARSER = text(
    f"""
    INSERT INTO rollups (series_id, level, start, n, sum, min, max, coverage)
    SELECT touched.series_id, CAST(:level AS INTEGER), touched.start,
           sum(n), sum(sum), min(min), max(max),
           CASE WHEN :level <= {COVERING} THEN :level ELSE sum(coverage) END
    FROM touched CROSS JOIN rollups AS r
    WHERE r.series_id = touched.series_id AND r.level = :finer
      AND r.start >= touched.start AND r.start < touched.start + :length
    GROUP BY touched.series_id, touched.start
    {_REPLACED}
    """  # noqa: S608  # built from our own constants
)


def refresh_rollups(connection: Connection) -> None:
    """Rebuild the rollups of every bucket that holds a row of the table `incoming`."""
    TOUCHED.prepare(connection)
    connection.execute(_TOUCH, {"length": LEVELS[0] * _SECOND})
    connection.execute(_FINEST)
    for finer, level in pairwise(LEVELS):
        length = level * _SECOND
        connection.execute(_WIDEN, {"length": length})
        connection.execute(_NARROW, {"length": length})
        connection.execute(_COARSER, {"level": level, "finer": finer, "length": length})
