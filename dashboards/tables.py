"""The timeline in words and as tables, for whoever cannot or would rather not look at it.

Tables go to the browser as plain rows and become elements there (`ui.js`): a thousand cells as
Dash components keep a browser busy for seconds.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from clinical.medications import Lane, Segment
from dashboards import words
from dashboards.figures.medications import ending
from dashboards.figures.view import TimelineData, View
from dashboards.series import asleep, one_statistic

_DASH = "–"
Table = dict[str, Any]

_DRUG_COLUMNS = ("Drug", "Dose", "From", "To", "Source", "Remark")
_DAY_COLUMNS = (
    *("Day", "Heart rate, bpm", "Resting, bpm", "HRV, ms", "SpO₂, %"),
    *("Asleep, h", "Deep, h", "Light, h", "REM, h", "Awake, h", "Steps", "Worn, %"),
)


def sentence(data: TimelineData, view: View) -> str:
    """The timeline in one sentence."""
    days = f"{words.full_day(view.first)} to {words.full_day(view.today)}"
    parts = [f"Timeline {days}", _taken(data.lanes, view.today), _afib(data)]
    resting = data.frame["resting"].dropna()
    if len(resting):
        parts.append(f"resting heart rate median {resting.median():.0f} bpm")
    return "; ".join(part for part in parts if part) + "."


def tables(data: TimelineData, view: View) -> list[Table]:
    """The doses, and one row a day, newest first."""
    doses = [
        _dose_row(lane, segment, view.today) for lane in data.lanes for segment in lane.segments
    ]
    return [
        {"caption": "Medications", "head": _DRUG_COLUMNS, "rows": doses},
        {"caption": "Daily values", "head": _DAY_COLUMNS, "rows": _day_rows(data.frame)},
    ]


def _taken(lanes: Sequence[Lane], today: date) -> str:
    now = [
        f"{lane.name} {segment.label}"
        for lane in lanes
        for segment in lane.segments
        if (segment.start or today) <= today and (segment.end is None or segment.end > today)
    ]
    return f"taking {', '.join(now)}" if now else "no current medication known"


def _afib(data: TimelineData) -> str:
    count = len(data.episodes)
    return f"{count} possible atrial fibrillation episode{'' if count == 1 else 's'}"


def _dose_row(lane: Lane, segment: Segment, today: date) -> list[str]:
    begun = words.full_day(segment.start) if segment.start else "not recorded"
    remark = "; ".join(part for part in (segment.remark, *lane.remarks) if part)
    return [lane.name, segment.label, begun, ending(segment, today), lane.source.value, remark]


def _day_rows(frame: pd.DataFrame) -> list[list[str]]:
    hrv, _ = one_statistic(frame)
    shown = frame.assign(hrv=hrv, asleep=asleep(frame))
    return [_day_row(day, row) for day, row in reversed(list(shown.iterrows()))]


def _day_row(day: object, row: pd.Series) -> list[str]:
    heart = f"{row['min']:.0f}–{row['max']:.0f}" if pd.notna(row["min"]) else _DASH
    stages = [_number(row[stage], 1) for stage in ("asleep", "deep", "light", "rem", "awake")]
    return [
        f"{day:%Y-%m-%d}",
        heart,
        *(_number(row[name]) for name in ("resting", "hrv", "oxygen")),
        *stages,
        _number(row["steps"]),
        _number(100 * row["coverage"]),
    ]


def _number(value: float, decimals: int = 0) -> str:
    return _DASH if pd.isna(value) else f"{value:,.{decimals}f}"
