"""Writing measurements so that a replay changes nothing and a correction keeps what it replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, text

from wearable_agg.measurements.batch import DAY, Batch, Row, SeriesKey
from wearable_agg.measurements.news import news
from wearable_agg.measurements.rollup import Span, refresh_rollups, roll_up
from wearable_agg.measurements.series import origin_ids, rolled_up, series_id
from wearable_agg.store.clock import now_micros
from wearable_agg.store.staging import Stage, load, looking_up_keys

INCOMING = Stage(
    "incoming",
    (
        ("series_id", "integer"),
        ("start", "bigint"),
        ("end", "bigint"),
        ("value", "double precision"),
        ("offset_seconds", "integer"),
        ("origin_id", "integer"),
        ("vendor_id", "text"),
        ("told_at", "bigint"),
        ("rolled_up", "boolean"),
    ),
    key=3,
)
KEPT = (
    *INCOMING.columns[:7],
    ("version", "integer"),
    ("recorded_at", "bigint"),
    ("told_at", "bigint"),
)
_TELL_LATER = text(
    """
    UPDATE measurements SET told_at = incoming.told_at FROM incoming
    WHERE measurements.series_id = incoming.series_id AND measurements.start = incoming.start
      AND measurements."end" = incoming."end" AND measurements.value = incoming.value
      AND measurements.told_at < incoming.told_at
    """
)
_DROP_SAME = text(
    """
    DELETE FROM incoming WHERE EXISTS (
        SELECT 1 FROM measurements AS kept
        WHERE kept.series_id = incoming.series_id AND kept.start = incoming.start
          AND kept."end" = incoming."end"
          AND (kept.value = incoming.value OR kept.recorded_at > :replay_of
               OR incoming.told_at != 0
                  AND (kept.told_at, kept.value) > (incoming.told_at, incoming.value)))
    """
)
_KEEP_OLD = text(
    """
    INSERT INTO measurement_history
          (series_id, start, "end", version, value, origin_id, recorded_at, replaced_at, retracted)
    SELECT kept.series_id, kept.start, kept."end", kept.version, kept.value, kept.origin_id,
           kept.recorded_at, :now, false
    FROM incoming CROSS JOIN measurements AS kept
    WHERE kept.series_id = incoming.series_id AND kept.start = incoming.start
      AND kept."end" = incoming."end"
    """
)
_MERGE = text(
    """
    INSERT INTO measurements
          (series_id, start, "end", value, offset_seconds, origin_id, vendor_id, version,
           recorded_at, told_at)
    SELECT series_id, start, "end", value, offset_seconds, origin_id, vendor_id, 1, :now, told_at
    FROM incoming WHERE true
    ON CONFLICT (series_id, start, "end") DO UPDATE SET
        value = excluded.value, offset_seconds = excluded.offset_seconds,
        origin_id = excluded.origin_id, vendor_id = excluded.vendor_id,
        version = measurements.version + 1, recorded_at = excluded.recorded_at,
        told_at = excluded.told_at
    """
)
_COUNT_ON = text(
    """
    UPDATE measurements SET version = 1 + earlier.version
    FROM (SELECT past.series_id, past.start, past."end", max(past.version) AS version
          FROM incoming CROSS JOIN measurement_history AS past
          WHERE past.series_id = incoming.series_id AND past.start = incoming.start
            AND past."end" = incoming."end"
          GROUP BY past.series_id, past.start, past."end") AS earlier
    WHERE measurements.series_id = earlier.series_id AND measurements.start = earlier.start
      AND measurements."end" = earlier."end" AND measurements.version <= earlier.version
    """
)
_CHANGED_DAYS = text(
    """
    SELECT series.type, incoming.start
    FROM incoming JOIN series ON series.id = incoming.series_id WHERE series.span = :day
    """
)
_WAS_RETRACTED = text(
    """
    SELECT 1 FROM measurement_history
    WHERE retracted AND series_id IN :series LIMIT 1
    """
).bindparams(bindparam("series", expanding=True))
_NEVER = 2**62
_TOLD = itemgetter(7)


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """A daily value that is new or corrected; `start` in microseconds."""

    type: str
    start: int


@dataclass(frozen=True, slots=True)
class Written:
    """How many measurements were new or corrected, and which daily values were among them."""

    new: int
    amended: int
    days: tuple[ChangedDay, ...]


def write_batch(
    connection: Connection,
    tenant: str,
    person_id: int,
    batch: Batch,
    replay_of: int | None = None,
) -> Written:
    """Write a person's batch with history and rollups, in a write transaction that no other shares.

    The key is (person, type, statistic, source, start, end): the same value again changes nothing,
    another value amends and the old one goes to the history. Where the vendor says when it told a
    value, the later told counts and of two told at once the greater, in whatever order they come;
    otherwise the one that comes later. `replay_of` is when a payload that is worked on again
    arrived (microseconds): what was written since stays as it is.
    """
    sorted_out = _sort_out(connection, tenant, person_id, batch)
    if not sorted_out.rows:
        return Written(0, 0, ())
    now = {"now": now_micros()}
    for fresh in sorted_out.fresh:
        load(connection, "measurements", KEPT, fresh.as_kept(now["now"]))
        if rolled_up(fresh.key):
            roll_up(connection, fresh.span())
    days = [day for fresh in sorted_out.fresh for day in fresh.days()]
    amended, merged = 0, 0
    if sorted_out.others:
        amended, merged = _merge(connection, sorted_out.others, now, replay_of)
        refresh_rollups(connection)
        days += [ChangedDay(*row) for row in connection.execute(_CHANGED_DAYS, {"day": DAY})]
    count = sum(len(fresh.rows) for fresh in sorted_out.fresh)
    return Written(count + merged - amended, amended, tuple(days))


@dataclass(frozen=True, slots=True)
class _Portion:
    """What is new of one series."""

    key: SeriesKey
    series_id: int
    rows: Sequence[Row]
    origin_ids: Mapping[tuple[str, str], int]

    def as_kept(self, now: int) -> list[tuple[Any, ...]]:
        """Return the rows as they are kept, told for the first time."""
        number, origins = self.series_id, self.origin_ids
        return [
            (number, start, end, value, offset, origins[device, method], name, 1, now, told)
            for start, end, value, offset, device, method, name, told in self.rows
        ]

    def as_incoming(self) -> list[tuple[Any, ...]]:
        """Return the rows of the table `incoming`."""
        number, origins, rolled = self.series_id, self.origin_ids, rolled_up(self.key)
        return [
            (number, start, end, value, offset, origins[device, method], name, told, rolled)
            for start, end, value, offset, device, method, name, told in self.rows
        ]

    def span(self) -> Span:
        """Return the series, and from which to which start its rows reach."""
        starts = [row[0] for row in self.rows]
        return self.series_id, min(starts), max(starts)

    def days(self) -> list[ChangedDay]:
        """Return the whole days among the rows."""
        if self.key.span != DAY:
            return []
        return [ChangedDay(self.key.type, row[0]) for row in self.rows]


@dataclass(slots=True)
class _SortedOut:
    """What a batch brings: portions whose keys are surely new, and others."""

    fresh: list[_Portion] = field(default_factory=list)
    others: list[_Portion] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(len(one.rows) for one in (*self.fresh, *self.others))


def _sort_out(connection: Connection, tenant: str, person_id: int, batch: Batch) -> _SortedOut:
    found = _SortedOut()
    for key, rows in batch.rows.items():
        number = series_id(connection, tenant, person_id, key)
        fresh_rows, is_fresh = news(connection, number, rows)
        if fresh_rows:
            portion = _Portion(key, number, fresh_rows, origin_ids(connection, fresh_rows))
            (found.fresh if is_fresh else found.others).append(portion)
    return found


def _merge(
    connection: Connection,
    portions: Sequence[_Portion],
    now: dict[str, int],
    replay_of: int | None,
) -> tuple[int, int]:
    """Merge portions that may be known; returns how many were amended, and how many in all."""
    INCOMING.prepare(connection)
    for one in portions:
        INCOMING.fill(connection, one.as_incoming())
    with looking_up_keys(connection):
        if any(_TOLD(row) for one in portions for row in one.rows):
            connection.execute(_TELL_LATER)
        replayed = {"replay_of": _NEVER if replay_of is None else replay_of}
        connection.execute(_DROP_SAME, replayed)
        amended = connection.execute(_KEEP_OLD, now).rowcount
    merged = connection.execute(_MERGE, now).rowcount
    numbers = sorted({one.series_id for one in portions})
    if connection.execute(_WAS_RETRACTED, {"series": numbers}).first():
        with looking_up_keys(connection):
            connection.execute(_COUNT_ON)
    return amended, merged
