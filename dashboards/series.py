"""Days as a table of columns, and the stretches in which nothing was worn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isnan

import pandas as pd

from clinical.measures import Threshold
from dashboards.services import Day

SLEEP_STAGES = ("deep", "light", "rem", "awake")
VALUES = (
    *("min", "max", "mean", "coverage", "resting", "hrv", "oxygen"),
    *(*SLEEP_STAGES, "asleep", "steps"),
)

_OF_THE_BODY = ("resting", "hrv", "oxygen", *SLEEP_STAGES, "asleep")


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without worn time, both inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it lasted."""
        return (self.last - self.first).days + 1


def table(days: Iterable[Day]) -> pd.DataFrame:
    """One row a local day (naive index, no day left out), one column a value; NaN: not measured."""
    rows = [_row(day) for day in days]
    index = pd.DatetimeIndex([row.pop("date") for row in rows])
    frame = pd.DataFrame(rows, index=index, columns=[*VALUES, "statistic"])
    return frame.astype(dict.fromkeys(VALUES, float)).asfreq("D")


def between(frame: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """The rows from `first` to before `last`."""
    return frame.loc[pd.Timestamp(first) : pd.Timestamp(last) - pd.Timedelta(days=1)]


def one_statistic(frame: pd.DataFrame) -> tuple[pd.Series, str]:
    """HRV by the statistic most days have, the other days empty: RMSSD and SDNN do not compare."""
    known = frame["statistic"].dropna()
    if known.empty:
        return frame["hrv"], ""
    statistic = str(known.mode().iloc[0])
    return frame["hrv"].where(frame["statistic"] == statistic), statistic


def asleep(frame: pd.DataFrame) -> pd.Series:
    """Hours asleep: as the device says, else the sum of the stages."""
    stages = frame[["deep", "light", "rem"]].sum(axis=1, min_count=1)
    return frame["asleep"].fillna(stages)


def dates(frame: pd.DataFrame | pd.Series) -> list[date]:
    """The day of each row."""
    return [stamp.date() for stamp in frame.index]


def plain(column: pd.Series) -> list[float | None]:
    """Plain numbers, None where nothing was measured."""
    return [None if isnan(value) else value for value in column.tolist()]


def numbers(column: pd.Series, decimals: int = 1) -> list[float | None]:
    """Plain rounded numbers, None where nothing was measured: small to send, honest to draw."""
    return [None if isnan(value) else round(value, decimals) for value in column.tolist()]


def gaps(frame: pd.DataFrame, today: date, known_from: date | None = None) -> list[Gap]:
    """Stretches drawn as not worn. Today is not over, and before `known_from` more may come."""
    past = frame.loc[frame.index < pd.Timestamp(today)]
    if known_from:
        past = past.loc[past.index >= pd.Timestamp(known_from)]
    empty = [stamp.date() for stamp in past.index[_unworn(past)]]
    return list(_runs(empty))


def worn_share(frame: pd.DataFrame, today: date) -> list[float]:
    """The share with heart rate of each past day: 0 if not worn, no entry if not known."""
    past = frame.loc[frame.index < pd.Timestamp(today)]
    coverage = past["coverage"].mask(past["coverage"].isna() & _unworn(past), 0.0)
    return [float(value) for value in coverage.dropna()]


def is_empty(frame: pd.DataFrame) -> bool:
    """Whether no day has any value."""
    return bool(frame.empty or frame[list(VALUES)].isna().all(axis=None))


def _unworn(frame: pd.DataFrame) -> pd.Series:
    """Hardly any heart rate and nothing else of the body; steps alone may come from a phone.

    A device that never records heart rate counts as worn where it has any value at all.
    """
    if frame["coverage"].isna().all():
        return frame[list(VALUES)].isna().all(axis=1)
    hardly = frame["coverage"].fillna(0.0) < Threshold.named("not_worn_below").value
    return hardly & frame[list(_OF_THE_BODY)].isna().all(axis=1)


def _runs(days: Sequence[date]) -> Iterable[Gap]:
    start = previous = None
    for day in days:
        if previous is None or day - previous > timedelta(days=1):
            if start and previous:
                yield Gap(start, previous)
            start = day
        previous = day
    if start and previous:
        yield Gap(start, previous)


def _row(day: Day) -> dict[str, object]:
    heart, sleep = day.heart_rate, day.sleep
    row: dict[str, object] = {"date": pd.Timestamp(day.date)}
    if heart:
        row |= {"min": heart.min, "max": heart.max, "mean": heart.mean, "coverage": heart.coverage}
    if sleep:
        row |= {stage: getattr(sleep, stage) for stage in (*SLEEP_STAGES, "asleep")}
    if day.hrv:
        row |= {"hrv": day.hrv.value, "statistic": day.hrv.statistic}
    row |= {"resting": day.resting_heart_rate, "oxygen": day.oxygen_saturation}
    return row | {"steps": day.steps}
