"""What a person's local days were like, read from rollups and daily values.

Of several sources one is taken per day and type, never their sum: a vendor's own total of the day
before what we add up ourselves, then the source that covers most of the day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text

from wearable_agg.measurements.batch import DAY
from wearable_agg.measurements.localdays import (
    day_of_night,
    day_of_total,
    days_between,
    length,
    midnight,
    stretches,
)
from wearable_agg.measurements.types import SLEEP_STAGES
from wearable_agg.store.clock import to_micros
from wearable_agg.store.measurement_tables import measurements, series

_HOUR, _QUARTER = 3600, 900
_MINUTES_PER_HOUR = 60
_EPOCH = date(1970, 1, 1)
_LONGEST_NIGHT = timedelta(days=1)

_SUMS = text(
    """
    SELECT (start + :offset) / 86400000000 AS day, sum(n), sum(sum), min(min), max(max),
           sum(coverage)
    FROM rollups
    WHERE series_id = :series AND level = :level AND start >= :start AND start < :end
    GROUP BY day
    """
)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a person."""

    id: int
    type: str
    statistic: str
    source: str
    span: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The values of one series within one local day; `coverage` is a share of the day."""

    n: int
    sum: float
    min: float
    max: float
    coverage: float

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return self.sum / self.n


@dataclass(frozen=True, slots=True)
class Chosen:
    """A day's value and the series it was taken from."""

    value: float
    series: Series


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One local day; None is "not measured".

    `night` holds the hours of each stage of the night that ended on this day; a stage that the
    vendor does not tell is absent.
    """

    date: date
    heart_rate: Aggregate | None
    resting_heart_rate: float | None
    hrv: Chosen | None
    oxygen_saturation: float | None
    steps: float | None
    night: Mapping[str, float] | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    first: date
    last: date
    zone: ZoneInfo

    def micros(self) -> tuple[int, int]:
        return to_micros(midnight(self.first, self.zone)), to_micros(midnight(self.last, self.zone))


_Aggregates = Mapping[date, Mapping[Series, Aggregate]]
_Totals = Mapping[date, Mapping[Series, float]]
_Nights = Mapping[date, Mapping[str, dict[str, float]]]


def local_days(
    connection: Connection,
    person_id: int,
    zone: ZoneInfo,
    first: date,
    last: date,
    types: Collection[str],
) -> list[LocalDay]:
    """Return each local day from `first` up to, not including, `last`, reading only `types`."""
    window = _Window(first, last, zone)
    known = [one for one in series_of(connection, person_id) if one.type in types]
    aggregates = _aggregates(connection, window, known)
    totals = _totals(connection, window, known)
    nights = _nights(connection, window, known)
    return [
        _local_day(day, aggregates.get(day, {}), totals.get(day, {}), nights.get(day, {}))
        for day in days_between(first, last)
    ]


def series_of(connection: Connection, person_id: int) -> list[Series]:
    """Return a person's series in a stable order."""
    columns = series.c
    rows = connection.execute(
        select(columns.id, columns.type, columns.statistic, columns.source, columns.span)
        .where(columns.person_id == person_id)
        .order_by(columns.type, columns.statistic, columns.source, columns.span)
    )
    return [Series(*row) for row in rows]


def _aggregates(
    connection: Connection, window: _Window, known: Iterable[Series]
) -> dict[date, dict[Series, Aggregate]]:
    result: defaultdict[date, dict[Series, Aggregate]] = defaultdict(dict)
    pieces = stretches(window.first, window.last, window.zone)
    level = _HOUR if all(piece.offset_seconds % _HOUR == 0 for piece in pieces) else _QUARTER
    for one in known:
        for piece in pieces:
            values = {
                "series": one.id,
                "level": level,
                "offset": piece.offset_seconds * 1_000_000,
                "start": piece.start,
                "end": piece.end,
            }
            for number, *sums in connection.execute(_SUMS, values):
                day = _EPOCH + timedelta(days=number)
                part = Aggregate(*sums)
                result[day][one] = _joined(result[day].get(one), part)
    return {day: _as_shares(day, window.zone, parts) for day, parts in result.items()}


def _joined(one: Aggregate | None, other: Aggregate) -> Aggregate:
    if one is None:
        return other
    return Aggregate(
        one.n + other.n,
        one.sum + other.sum,
        min(one.min, other.min),
        max(one.max, other.max),
        one.coverage + other.coverage,
    )


def _as_shares(
    day: date, zone: ZoneInfo, parts: Mapping[Series, Aggregate]
) -> dict[Series, Aggregate]:
    whole = length(day, zone).total_seconds()
    return {
        key: Aggregate(part.n, part.sum, part.min, part.max, min(1.0, part.coverage / whole))
        for key, part in parts.items()
    }


def _totals(
    connection: Connection, window: _Window, known: Iterable[Series]
) -> dict[date, dict[Series, float]]:
    by_id = {one.id: one for one in known if one.span == DAY and not _is_sleep(one)}
    start, end = window.micros()
    slack = timedelta(hours=12) // timedelta(microseconds=1)
    rows = connection.execute(
        select(measurements.c.series_id, measurements.c.start, measurements.c.value).where(
            measurements.c.series_id.in_(by_id),
            measurements.c.start >= start - slack,
            measurements.c.start < end + slack,
        )
    )
    result: defaultdict[date, dict[Series, float]] = defaultdict(dict)
    for series_id, begin, value in rows:
        result[day_of_total(begin, window.zone)][by_id[series_id]] = value
    return result


def _nights(connection: Connection, window: _Window, known: Iterable[Series]) -> _Nights:
    by_id = {one.id: one for one in known if _is_sleep(one)}
    start, end = window.micros()
    columns = measurements.c
    rows = connection.execute(
        select(columns.series_id, columns.end, columns.value).where(
            columns.series_id.in_(by_id),
            columns.start >= start - _LONGEST_NIGHT // timedelta(microseconds=1),
            columns.start < end,
        )
    )
    result: defaultdict[date, dict[str, dict[str, float]]] = defaultdict(dict)
    for series_id, until, minutes in rows:
        one = by_id[series_id]
        stage = one.type.removeprefix("sleep_")
        hours = result[day_of_night(until, window.zone)].setdefault(one.source, {})
        hours[stage] = hours.get(stage, 0.0) + minutes / _MINUTES_PER_HOUR
    return result


def _local_day(
    day: date,
    aggregates: Mapping[Series, Aggregate],
    totals: Mapping[Series, float],
    nights: Mapping[str, dict[str, float]],
) -> LocalDay:
    beats = [(one, part) for one, part in aggregates.items() if one.type == "heart_rate"]
    heart_rate = max(beats, key=lambda pair: pair[1].coverage, default=None)
    values = {
        kind: _chosen(kind, aggregates, totals)
        for kind in ("resting_heart_rate", "hrv", "oxygen_saturation", "steps")
    }
    slept = {source: _with_time_asleep(hours) for source, hours in nights.items()}
    sleeper = max(slept, key=lambda source: slept[source].get("asleep", 0.0), default=None)
    sources = {chosen.series.source for chosen in values.values() if chosen}
    sources |= {heart_rate[0].source} if heart_rate else set()
    sources |= {sleeper} if sleeper else set()
    return LocalDay(
        date=day,
        heart_rate=heart_rate[1] if heart_rate else None,
        resting_heart_rate=_value(values["resting_heart_rate"]),
        hrv=values["hrv"],
        oxygen_saturation=_value(values["oxygen_saturation"]),
        steps=_value(values["steps"]),
        night=slept[sleeper] if sleeper else None,
        sources=tuple(sorted(sources)),
    )


def _chosen(
    kind: str, aggregates: Mapping[Series, Aggregate], totals: Mapping[Series, float]
) -> Chosen | None:
    told = [Chosen(value, one) for one, value in totals.items() if one.type == kind]
    if told:
        return min(told, key=lambda chosen: (chosen.series.statistic, chosen.series.source))
    ours = [(part.coverage, one, part) for one, part in aggregates.items() if one.type == kind]
    if not ours:
        return None
    _, one, part = max(ours, key=lambda entry: entry[0])
    return Chosen(part.sum if kind == "steps" else part.mean, one)


def _with_time_asleep(hours: dict[str, float]) -> dict[str, float]:
    stages = [hours[stage] for stage in ("deep", "light", "rem") if stage in hours]
    if "asleep" not in hours and stages:
        return {**hours, "asleep": sum(stages)}
    return hours


def _value(chosen: Chosen | None) -> float | None:
    return chosen.value if chosen else None


def _is_sleep(one: Series) -> bool:
    return one.type.removeprefix("sleep_") in SLEEP_STAGES
