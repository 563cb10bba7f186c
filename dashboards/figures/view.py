"""What a figure is drawn from, and the sheet it is drawn on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from clinical.medications import Lane
from clinical.verdicts import RhythmEvent
from dashboards import words
from dashboards.series import Gap
from dashboards.services import Episode
from dashboards.theme import Theme

Figure = dict[str, Any]

LONGEST = 365
"""Days of the longest range."""


@dataclass(frozen=True, slots=True)
class TimelineData:
    """Everything the timeline shows, for its window and no more.

    `frame` is the table of `series.table`, `gaps` its stretches that are shown as not worn. The
    sentences stand in rows that have nothing to show. Days before `known_from` may still come in.
    """

    lanes: Sequence[Lane]
    frame: pd.DataFrame
    gaps: Sequence[Gap]
    episodes: Sequence[Episode]
    zone: ZoneInfo
    now: datetime
    baseline: float | None = None
    no_medications: str = "No medications on record"
    no_wearables: str = ""
    no_rhythm: str = ""
    verdicts: Sequence[RhythmEvent] = ()
    known_from: date | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The window in local days (`last` exclusive), the colours, and whether the page is narrow."""

    first: date
    last: date
    theme: Theme
    compact: bool

    @property
    def today(self) -> date:
        """The last day shown."""
        return self.last - timedelta(days=1)

    @property
    def low(self) -> datetime:
        """Local midnight at which the window begins."""
        return datetime.combine(self.first, datetime.min.time())

    @property
    def high(self) -> datetime:
        """Local midnight at which the window ends."""
        return datetime.combine(self.last, datetime.min.time())

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.high - self.low

    @property
    def plot_width(self) -> int:
        """About how many pixels the time axis gets: decides which labels fit."""
        return 500 if self.compact else 980

    def pixels(self, length: timedelta) -> float:
        """About how wide a stretch of time is drawn."""
        return self.plot_width * (length / self.length)

    def inside(self, start: datetime, end: datetime) -> bool:
        """Whether a stretch of local time touches the window."""
        return start < self.high and end > self.low


@dataclass(slots=True)
class Sheet:
    """The traces, shapes and annotations that the rows add to."""

    traces: list[Figure] = field(default_factory=list)
    shapes: list[Figure] = field(default_factory=list)
    annotations: list[Figure] = field(default_factory=list)

    def text(self, words: str, *, color: str, size: int = 11, **place: Any) -> None:
        """Write words without an arrow at a place given in Plotly's terms."""
        font = {"size": size, "color": color}
        self.annotations.append({"text": words, "showarrow": False, "font": font, **place})

    def band(self, axis: str, start: str, end: str, color: str) -> None:
        """Wash a stretch of time behind one row."""
        self.shapes.append(
            {
                "type": "rect",
                "x0": start,
                "x1": end,
                "xref": "x",
                "y0": 0,
                "y1": 1,
                "yref": f"{axis} domain",
                "fillcolor": color,
                "line": {"width": 0},
                "layer": "below",
            }
        )


def stamp(value: date | datetime) -> str:
    """Naive local time as Plotly reads it fastest."""
    return value.isoformat()


def midnight(value: date) -> datetime:
    """The beginning of a local day."""
    return datetime.combine(value, datetime.min.time())


def noons(first: date) -> Figure:
    """The x of a trace with a point at noon of each day from `first` on: steps, not a list."""
    return _daily(midnight(first) + timedelta(hours=12))


def midnights(first: date) -> Figure:
    """The x of a trace with a point at the beginning of each day from `first` on."""
    return _daily(midnight(first))


def _daily(start: datetime) -> Figure:
    return {"x0": stamp(start), "dx": milliseconds(timedelta(days=1))}


def milliseconds(length: timedelta) -> float:
    """A length of time as bars on a date axis want it."""
    return length.total_seconds() * 1000


def clock(moment: datetime, data: TimelineData) -> datetime:
    """A moment as naive local time of the patient."""
    return words.local(moment, data.zone)
