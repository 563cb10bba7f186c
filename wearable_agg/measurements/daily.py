"""What a person's local days were like, read from rollups and daily values.

Of several sources one is taken per day and type, never their sum: the first in the order that the
patient or config/clinical/sources.toml states, then the one that covers most of the day. Of one
source its own total of the day goes before what we add up ourselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, text

from wearable_agg.measurements.batch import DAY
from wearable_agg.measurements.choosing import Candidate, Order, chosen, left_out, order_for
from wearable_agg.measurements.localdays import (
    day_of_night,
    day_of_total,
    days_between,
    length,
    midnight,
    stretches,
)
from wearable_agg.measurements.types import SLEEP_STAGES, TYPES
from wearable_agg.people.registry import members
from wearable_agg.store.clock import to_micros
from wearable_agg.store.measurement_tables import measurements, series

_HOUR, _QUARTER = 3600, 900
_MINUTES_PER_HOUR = 60
_EPOCH = date(1970, 1, 1)
_LONGEST_NIGHT = timedelta(days=1)
_BETWEEN_NIGHTS = timedelta(hours=3)
_MICROSECOND = timedelta(microseconds=1)
_DAILY = ("heart_rate", "resting_heart_rate", "hrv", "oxygen_saturation", "steps")

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
    vendor does not tell is absent. `chosen` says by type which source a value is of, `left_out`
    which others had one too.
    """

    date: date
    heart_rate: Aggregate | None
    resting_heart_rate: float | None
    hrv: Chosen | None
    oxygen_saturation: float | None
    steps: float | None
    night: Mapping[str, float] | None
    chosen: Mapping[str, str]
    left_out: Mapping[str, tuple[str, ...]]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that any value of the day is of."""
        return tuple(sorted(set(self.chosen.values())))


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
    order = order_for(connection, person_id)
    return [
        _local_day(day, aggregates.get(day, {}), totals.get(day, {}), nights.get(day, {}), order)
        for day in days_between(first, last)
    ]


def series_of(connection: Connection, person_id: int) -> list[Series]:
    """Return a person's series in a stable order."""
    columns = series.c
    rows = connection.execute(
        select(columns.id, columns.type, columns.statistic, columns.source, columns.span)
        .where(members(columns.person_id, person_id))
        .order_by(columns.type, columns.statistic, columns.source, columns.span)
    )
    return [Series(*row) for row in rows]


def _aggregates(
    connection: Connection, window: _Window, known: Iterable[Series]
) -> dict[date, dict[Series, Aggregate]]:
    result: defaultdict[date, dict[Series, Aggregate]] = defaultdict(dict)
    pieces = stretches(window.first, window.last, window.zone)
    level = _HOUR if all(piece.offset_seconds % _HOUR == 0 for piece in pieces) else _QUARTER
    for one in filter(_is_rolled_up, known):
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


def _is_rolled_up(one: Series) -> bool:
    return one.span != DAY and TYPES[one.type].rolled_up


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
    """Read what speaks for a whole day: totals, and rates of rest, of which the last one counts."""
    by_id = {one.id: one for one in known if _speaks_for_day(one)}
    start, end = window.micros()
    slack = timedelta(hours=12) // _MICROSECOND
    columns = measurements.c
    rows = connection.execute(
        select(columns.series_id, columns.start, columns.end, columns.value)
        .where(
            columns.series_id.in_(by_id),
            columns.start >= start - slack,
            columns.start < end + slack,
        )
        .order_by(columns.start, columns.end)
    )
    result: defaultdict[date, dict[Series, float]] = defaultdict(dict)
    for series_id, begin, until, value in rows:
        one = by_id[series_id]
        at_day = day_of_total(begin, window.zone)
        day = at_day if one.span == DAY else day_of_night(until, window.zone)
        result[day][one] = value
    return result


def _speaks_for_day(one: Series) -> bool:
    return (one.span == DAY or one.type == "resting_heart_rate") and not _is_sleep(one)


def _nights(connection: Connection, window: _Window, known: Iterable[Series]) -> _Nights:
    """Add up the stages of each night; it belongs whole to the day on which it ends."""
    by_id = {one.id: one for one in known if _is_sleep(one)}
    start, end = window.micros()
    columns = measurements.c
    margin = _LONGEST_NIGHT // _MICROSECOND
    rows = connection.execute(
        select(columns.series_id, columns.start, columns.end, columns.value)
        .where(
            columns.series_id.in_(by_id),
            columns.start >= start - margin,
            columns.start < end + margin,
        )
        .order_by(columns.start, columns.end)
    )
    by_source: defaultdict[str, list[_Stretch]] = defaultdict(list)
    for series_id, begin, until, minutes in rows:
        one = by_id[series_id]
        stage = one.type.removeprefix("sleep_")
        by_source[one.source].append(_Stretch(stage, begin, until, minutes / _MINUTES_PER_HOUR))
    result: defaultdict[date, dict[str, dict[str, float]]] = defaultdict(dict)
    for source, stretches_of_sleep in by_source.items():
        for until, stretch in _ends(stretches_of_sleep):
            hours = result[day_of_night(until, window.zone)].setdefault(source, {})
            hours[stretch.stage] = hours.get(stretch.stage, 0.0) + stretch.hours
    return result


@dataclass(frozen=True, slots=True)
class _Stretch:
    stage: str
    start: int
    end: int
    hours: float


def _ends(ordered: Sequence[_Stretch]) -> Iterator[tuple[int, _Stretch]]:
    """Yield each stretch with the end of its night: a long time awake begins another night."""
    night: list[_Stretch] = []
    for one in [*ordered, None]:
        end = max((each.end for each in night), default=0)
        if night and (one is None or one.start - end > _BETWEEN_NIGHTS // _MICROSECOND):
            yield from ((end, each) for each in night)
            night = []
        if one is not None:
            night.append(one)


def _local_day(
    day: date,
    aggregates: Mapping[Series, Aggregate],
    totals: Mapping[Series, float],
    nights: Mapping[str, dict[str, float]],
    order: Order,
) -> LocalDay:
    slept = {source: _with_time_asleep(hours) for source, hours in nights.items()}
    offers = {kind: _offers(kind, aggregates, totals) for kind in _DAILY}
    candidates = {
        kind: [_candidate(source, offer) for source, offer in offers[kind].items()]
        for kind in _DAILY
    }
    candidates["sleep"] = [
        Candidate(source, hours.get("asleep", 0.0)) for source, hours in slept.items()
    ]
    winners = {kind: chosen(kind, some, order) for kind, some in candidates.items()}
    values = {kind: _best(kind, offers[kind].get(winners[kind] or "")) for kind in _DAILY}
    beats = offers["heart_rate"].get(winners["heart_rate"] or "")
    return LocalDay(
        date=day,
        heart_rate=beats.parts[0][1] if beats else None,
        resting_heart_rate=_value(values["resting_heart_rate"]),
        hrv=values["hrv"],
        oxygen_saturation=_value(values["oxygen_saturation"]),
        steps=_value(values["steps"]),
        night=slept.get(winners["sleep"] or ""),
        chosen={kind: source for kind, source in winners.items() if source},
        left_out={
            kind: others
            for kind, some in candidates.items()
            if (others := left_out(some, winners[kind]))
        },
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one source has of one type and day, the fullest first."""

    totals: list[Chosen]
    parts: list[tuple[Series, Aggregate]]


def _offers(
    kind: str, aggregates: Mapping[Series, Aggregate], totals: Mapping[Series, float]
) -> dict[str, _Offer]:
    offers: defaultdict[str, _Offer] = defaultdict(lambda: _Offer([], []))
    if kind != "heart_rate":
        for one, value in totals.items():
            if one.type == kind:
                offers[one.source].totals.append(Chosen(value, one))
    for one, part in aggregates.items():
        if one.type == kind:
            offers[one.source].parts.append((one, part))
    for offer in offers.values():
        offer.totals.sort(key=lambda total: total.series.statistic)
        offer.parts.sort(key=lambda pair: -pair[1].coverage)
    return offers


def _candidate(source: str, offer: _Offer) -> Candidate:
    coverage = offer.parts[0][1].coverage if offer.parts else 0.0
    return Candidate(source, coverage, bool(offer.totals))


def _best(kind: str, offer: _Offer | None) -> Chosen | None:
    if offer is None:
        return None
    if offer.totals:
        return offer.totals[0]
    one, part = offer.parts[0]
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
