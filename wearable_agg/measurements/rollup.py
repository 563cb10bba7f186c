"""Rollups: n, sum, min, max and covered seconds per 5 min, 15 min, 1 h, 6 h and 1 d of UTC.

They are rebuilt for the buckets that a batch touched, the finest from the measurements and each
coarser one from the finer, so that corrections are exact: a minimum cannot be taken back otherwise.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from sqlalchemy import Connection, TextClause, text

from wearable_agg.store.database import is_server
from wearable_agg.store.staging import Stage

LEVELS = (300, 900, 3600, 21600, 86400)
"""Bucket lengths in seconds; each divides the next."""

COVERING = 900
"""A bucket up to this length (seconds) is covered where it holds any value.

Wearables sample the heart every few seconds to every ten minutes: a quarter of an hour without a
value means that nothing was measured, whatever the device.
"""

Bucket = tuple[int, int]
"""A series' number and a start."""

_SECOND = 1_000_000
_FINEST_LENGTH = LEVELS[0] * _SECOND

TOUCHED = Stage("touched", (("series_id", "integer"), ("start", "bigint")), key=2)
"""The finest buckets to be rebuilt, each once."""

_TOUCH = text(
    """
    INSERT INTO touched
    SELECT DISTINCT series_id, start - start % :length FROM incoming WHERE rolled_up
    """
)
_WIDER = "(SELECT DISTINCT series_id, start - start % :length AS start FROM touched) AS touched"

_INTO = """
    INSERT INTO rollups (series_id, level, start, n, sum, min, max, coverage)
    SELECT touched.series_id, CAST(:level AS INTEGER), touched.start,
"""
_OR_REPLACE = """
    ON CONFLICT (series_id, level, start) DO UPDATE SET
        n = excluded.n, sum = excluded.sum, min = excluded.min, max = excluded.max,
        coverage = excluded.coverage
"""
_WITHIN = """
    one.series_id = touched.series_id
    AND one.start >= touched.start AND one.start < touched.start + :length
"""
_VALUES = "count(*) AS n, sum(value) AS sum, min(value) AS min, max(value) AS max, :level"
_PARTS = """
    sum(n) AS n, sum(sum) AS sum, min(min) AS min, max(max) AS max,
    CASE WHEN :level <= :covering THEN :level ELSE sum(coverage) END
"""


def _rebuilding(
    aggregates: str, finer: str, touched: str = "touched", only: str = ""
) -> tuple[TextClause, TextClause]:
    """Return the statement for a SQLite file and for PostgreSQL.

    Both look up each touched bucket by the key: SQLite does so for a CROSS JOIN, PostgreSQL for a
    LATERAL one.
    """
    found = f"{finer} AS one WHERE {_WITHIN} {only}"
    in_file = f"""
        {_INTO} {aggregates} AS coverage FROM {touched} CROSS JOIN {found}
        GROUP BY touched.series_id, touched.start
    """
    on_server = f"""
        {_INTO} n, sum, min, max, coverage
        FROM {touched} CROSS JOIN LATERAL (SELECT {aggregates} AS coverage FROM {found}) AS found
        WHERE n > 0
    """  # noqa: S608  # built from our own constants
    return text(in_file + _OR_REPLACE), text(on_server + _OR_REPLACE)


_FINEST = _rebuilding(_VALUES, "measurements")
_COARSER = _rebuilding(_PARTS, "rollups", _WIDER, "AND one.level = :finer")


def bucket_of(instant: int) -> int:
    """Return the start of the finest bucket that an instant (microseconds) falls into."""
    return instant - instant % _FINEST_LENGTH


def refresh_rollups(
    connection: Connection, touched: Collection[Bucket] = (), *, incoming: bool = True
) -> None:
    """Rebuild the rollups over these finest buckets, and those that hold a row of `incoming`.

    No series has both. Where `incoming` is False that table is not looked at.
    """
    if not touched and not incoming:
        return
    server = is_server(connection)
    TOUCHED.prepare(connection)
    TOUCHED.fill(connection, sorted(touched))
    length = _FINEST_LENGTH
    if incoming:
        connection.execute(_TOUCH, {"length": length})
    connection.execute(_FINEST[server], {"level": LEVELS[0], "length": length})
    for finer, level in pairwise(LEVELS):
        length = level * _SECOND
        values = {"level": level, "finer": finer, "length": length, "covering": COVERING}
        connection.execute(_COARSER[server], values)
