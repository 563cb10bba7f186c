"""Rollups: n, sum, min, max and covered seconds per 5 min, 15 min, 1 h, 6 h and 1 d of UTC.

They are rebuilt for the buckets that a batch touched, the finest from the measurements and each
coarser one from the finer, so that corrections are exact: a minimum cannot be taken back otherwise.
"""

from __future__ import annotations

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

Span = tuple[int, int, int]
"""A series' number, and the first and the last start of values in it."""

_SECOND = 1_000_000

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


_ALL_WITHIN = "series_id = :series AND start >= :low AND start < :high GROUP BY 3"
_STRAIGHT = """
    INSERT INTO rollups (series_id, level, start, n, sum, min, max, coverage)
    SELECT CAST(:series AS INTEGER), CAST(:level AS INTEGER), start - start % :length,
"""
_FINEST_OF_SPAN = text(f"{_STRAIGHT} {_VALUES} FROM measurements WHERE {_ALL_WITHIN} {_OR_REPLACE}")
_COARSER_OF_SPAN = text(
    f"{_STRAIGHT} {_PARTS} FROM rollups WHERE level = :finer AND {_ALL_WITHIN} {_OR_REPLACE}"
)


def roll_up(connection: Connection, span: Span) -> None:
    """Make the rollups over all values of a series between two of them.

    For a span that held none before: it is read from end to end, which costs as much as it holds.
    """
    series, first, last = span
    for finer, level in zip((0, *LEVELS), LEVELS, strict=False):
        length = level * _SECOND
        edges = {"low": first - first % length, "high": last - last % length + length}
        values = {"series": series, "level": level, "length": length, **edges}
        if finer:
            connection.execute(_COARSER_OF_SPAN, {**values, "finer": finer, "covering": COVERING})
        else:
            connection.execute(_FINEST_OF_SPAN, values)


def refresh_rollups(connection: Connection) -> None:
    """Rebuild the rollups over the buckets that hold a row of `incoming`."""
    server = is_server(connection)
    TOUCHED.prepare(connection)
    length = LEVELS[0] * _SECOND
    connection.execute(_TOUCH, {"length": length})
    connection.execute(_FINEST[server], {"level": LEVELS[0], "length": length})
    for finer, level in pairwise(LEVELS):
        length = level * _SECOND
        values = {"level": level, "finer": finer, "length": length, "covering": COVERING}
        connection.execute(_COARSER[server], values)
