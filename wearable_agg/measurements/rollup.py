"""Rollups: n, sum, min, max and covered seconds per 5 min, 15 min, 1 h, 6 h and 1 d of UTC.

They are rebuilt for the buckets that a batch touched, the finest from the measurements and each
coarser one from the finer, so that corrections are exact: a minimum cannot be taken back otherwise.
"""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import Connection

LEVELS = (300, 900, 3600, 21600, 86400)
"""Bucket lengths in seconds; each divides the next."""

COVERING = 900
"""A bucket up to this length (seconds) is covered where it holds any value.

Wearables sample the heart every few seconds to every ten minutes: a quarter of an hour without a
value means that nothing was measured, whatever the device.
"""

_SECOND = 1_000_000

_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS touched (
    series_id INTEGER, start INTEGER, PRIMARY KEY (series_id, start)) WITHOUT ROWID
"""
_TOUCH = f"""
INSERT OR IGNORE INTO temp.touched
SELECT series_id, start - start % {LEVELS[0] * _SECOND} FROM temp.incoming WHERE rolled_up
"""  # noqa: S608  # built from our own constants
_WIDEN = """
INSERT OR IGNORE INTO temp.touched SELECT series_id, start - start % ? FROM temp.touched
"""
_NARROW = "DELETE FROM temp.touched WHERE start % ? != 0"

_FINEST = f"""
INSERT OR REPLACE INTO rollups (series_id, level, start, n, sum, min, max, coverage)
SELECT touched.series_id, {LEVELS[0]}, touched.start, count(*), sum(value), min(value), max(value),
       {LEVELS[0]}
FROM temp.touched CROSS JOIN measurements AS m
  ON m.series_id = touched.series_id
 AND m.start >= touched.start AND m.start < touched.start + {LEVELS[0] * _SECOND}
GROUP BY touched.series_id, touched.start
"""  # noqa: S608  # built from our own constants
_COARSER = f"""
INSERT OR REPLACE INTO rollups (series_id, level, start, n, sum, min, max, coverage)
SELECT touched.series_id, :level, touched.start, sum(n), sum(sum), min(min), max(max),
       CASE WHEN :level <= {COVERING} THEN :level ELSE sum(coverage) END
FROM temp.touched CROSS JOIN rollups AS r
  ON r.series_id = touched.series_id AND r.level = :finer
 AND r.start >= touched.start AND r.start < touched.start + :length
GROUP BY touched.series_id, touched.start
"""  # noqa: S608  # built from our own constants


def refresh_rollups(connection: Connection) -> None:
    """Rebuild the rollups of every bucket that holds a row of temp.incoming."""
    connection.exec_driver_sql(_STAGE)
    connection.exec_driver_sql("DELETE FROM temp.touched")
    connection.exec_driver_sql(_TOUCH)
    connection.exec_driver_sql(_FINEST)
    for finer, level in pairwise(LEVELS):
        length = level * _SECOND
        connection.exec_driver_sql(_WIDEN, (length,))
        connection.exec_driver_sql(_NARROW, (length,))
        values = {"level": level, "finer": finer, "length": length}
        connection.exec_driver_sql(_COARSER, values)
