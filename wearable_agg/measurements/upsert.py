"""Writing measurements so that a replay changes nothing and a correction keeps what it replaced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from sqlalchemy import Connection, bindparam, select, text

from wearable_agg.measurements.batch import DAY, Batch, Row, SeriesKey
from wearable_agg.measurements.rollup import refresh_rollups
from wearable_agg.measurements.types import TYPES
from wearable_agg.store.clock import now_micros
from wearable_agg.store.measurement_tables import origins, series
from wearable_agg.store.staging import Stage, looking_up_keys

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
_KNOWN = text(
    """
    SELECT start, "end", value, told_at FROM measurements
    WHERE series_id = :series AND start BETWEEN :first AND :last LIMIT :most
    """
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
_START, _TOLD, _KEPT = itemgetter(0), itemgetter(7), itemgetter(0, 1, 2, 7)


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
    """Write a person's batch with history and rollups in the caller's write transaction.

    The key is (person, type, statistic, source, start, end): the same value again changes nothing,
    another value amends and the old one goes to the history. Where the vendor says when it told a
    value, the later told counts and of two told at once the greater, in whatever order they come;
    otherwise the one that comes later. `replay_of` is when a payload that is worked on again
    arrived (microseconds): what was written since stays as it is.
    """
    INCOMING.prepare(connection)
    staged = _fill(connection, tenant, person_id, batch)
    if not staged.rows:
        return Written(0, 0, ())
    now = {"now": now_micros()}
    amended = _set_aside(connection, staged, now, replay_of) if staged.may_be_known else 0
    merged = connection.execute(_MERGE, now).rowcount
    if connection.execute(_WAS_RETRACTED, {"series": sorted(staged.series)}).first():
        with looking_up_keys(connection):
            connection.execute(_COUNT_ON)
    refresh_rollups(connection)
    days = tuple(ChangedDay(*row) for row in connection.execute(_CHANGED_DAYS, {"day": DAY}))
    return Written(merged - amended, amended, days)


@dataclass(slots=True)
class _Staged:
    """What is laid into `incoming`; `may_be_known` where any of it may have a value already.

    `dated` where the vendor says of any when it told it.
    """

    rows: int = 0
    may_be_known: bool = False
    dated: bool = False
    series: set[int] = field(default_factory=set)


def _set_aside(
    connection: Connection, staged: _Staged, now: dict[str, int], replay_of: int | None
) -> int:
    """Drop what is no news and put what will be amended into the history; returns how much."""
    with looking_up_keys(connection):
        if staged.dated:
            connection.execute(_TELL_LATER)
        replayed = {"replay_of": _NEVER if replay_of is None else replay_of}
        connection.execute(_DROP_SAME, replayed)
        return connection.execute(_KEEP_OLD, now).rowcount


def _fill(connection: Connection, tenant: str, person_id: int, batch: Batch) -> _Staged:
    staged = _Staged()
    for key, rows in batch.rows.items():
        series_id = _series_id(connection, tenant, person_id, key)
        news, known = _news(connection, series_id, rows)
        if not news:
            continue
        origin_ids = {
            pair: _origin_id(connection, *pair) for pair in {(row[4], row[5]) for row in news}
        }
        rolled = _rolled_up(key)
        INCOMING.fill(
            connection,
            [
                (
                    series_id,
                    start,
                    end,
                    value,
                    offset,
                    origin_ids[device, method],
                    name,
                    told,
                    rolled,
                )
                for start, end, value, offset, device, method, name, told in news
            ],
        )
        staged.rows += len(news)
        staged.may_be_known |= known
        staged.dated |= any(map(_TOLD, news))
        staged.series.add(series_id)
    return staged


def _news(
    connection: Connection, series_id: int, rows: Sequence[Row]
) -> tuple[Collection[Row], bool]:
    """Leave out what is kept just so, where one look tells: a replay costs a read, not a merge.

    Returns also whether anything may be kept for a key of the rest.
    """
    most = 2 * len(rows) + 1
    first, last = min(map(_START, rows)), max(map(_START, rows))
    span = {"series": series_id, "first": first, "last": last, "most": most}
    found = connection.execute(_KNOWN, span)
    known = set(found.cursor.fetchall()) if found.cursor else set()
    found.close()
    news: Collection[Row] = [row for row in rows if _KEPT(row) not in known]
    if news:
        news = [row for row in _counting(rows) if _KEPT(row) not in known]
    return news, bool(known)


def _counting(rows: Sequence[Row]) -> Collection[Row]:
    """Of several rows for one key keep the one that counts."""
    if len({row[:2] for row in rows}) == len(rows):
        return rows
    kept: dict[tuple[int, int], Row] = {}
    for row in rows:
        known = kept.get(row[:2])
        if known is None or not (row[7] and known[7]) or (row[7], row[2]) > (known[7], known[2]):
            kept[row[:2]] = row
    return kept.values()


def _rolled_up(key: SeriesKey) -> bool:
    return TYPES[key.type].rolled_up and key.span != DAY


def _series_id(connection: Connection, tenant: str, person_id: int, key: SeriesKey) -> int:
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
        rolled_up=_rolled_up(key),
    )
    return int(connection.execute(added.returning(series.c.id)).scalar_one())


def _origin_id(connection: Connection, device: str, method: str) -> int:
    found = connection.execute(
        select(origins.c.id).where(origins.c.device == device, origins.c.method == method)
    ).scalar()
    if found is not None:
        return int(found)
    added = origins.insert().values(device=device, method=method).returning(origins.c.id)
    return int(connection.execute(added).scalar_one())
