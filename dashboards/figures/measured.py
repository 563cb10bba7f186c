"""The rows a wearable fills: heart rate, variability, oxygen saturation, sleep and steps."""

import pandas as pd

from dashboards.figures.columns import Column, draw_columns
from dashboards.figures.rows import Row
from dashboards.figures.view import Figure, Sheet, TimelineData, View, noons, stamp
from dashboards.series import SLEEP_STAGES, asleep, numbers, one_statistic

HEART, HRV, SLEEP, STEPS, OXYGEN = "y3", "y4", "y5", "y6", "y7"
_STAGE_NAMES = {"deep": "Deep", "light": "Light", "rem": "REM", "awake": "Awake"}


def measured_rows(data: TimelineData, view: View) -> list[Row]:
    """Rows from the top down; oxygen saturation only where a device measured it."""
    _, statistic = one_statistic(data.frame)
    rows = [
        Row(HEART, "Heart rate", _heart_note(data, view), 124, _heart_scale(data.frame)),
        Row(HRV, "HRV", f"{statistic or 'overnight'}, ms", 55, _hrv_scale(data.frame)),
    ]
    if data.frame["oxygen"].notna().any():
        rows.append(Row(OXYGEN, "SpO₂", "%", 42, {"range": [88, 100.5], "tickvals": [90, 95, 100]}))
    sleep = {"range": [0, _ceiling(asleep(data.frame), 10)], "tickvals": [0, 4, 8]}
    steps = {"rangemode": "tozero", "range": [0, _ceiling(data.frame["steps"], 2000)]}
    rows.append(Row(SLEEP, "Sleep, h", _sleep_key(view), 70, sleep))
    rows.append(Row(STEPS, "Steps", "per day", 66, {**steps, "nticks": 4, "tickformat": "~s"}))
    return rows


def draw_measured(sheet: Sheet, data: TimelineData, view: View) -> None:
    """Draw what was measured; a day without a value is a hole, never a line across."""
    frame, theme = data.frame, view.theme
    first = frame.index[0].date() if len(frame) else view.first
    noon = noons(first)
    draw_columns(sheet, [_heart_range(frame, view)], HEART, first, view, base=frame["min"])
    _line(sheet, noon, frame["resting"], HEART, "Resting HR", theme.heart, 2.4)
    if data.baseline is not None:
        _baseline(sheet, data.baseline, view)
    hrv, statistic = one_statistic(frame)
    _line(sheet, noon, hrv, HRV, f"HRV ({statistic})", theme.hrv, 1.8)
    if frame["oxygen"].notna().any():
        _line(sheet, noon, frame["oxygen"], OXYGEN, "SpO₂", theme.oxygen, 1.8)
    draw_columns(sheet, _sleep(frame, view), SLEEP, first, view)
    steps = Column("Steps", frame["steps"], theme.steps)
    draw_columns(sheet, [steps], STEPS, first, view)


def _heart_range(frame: pd.DataFrame, view: View) -> Column:
    """From lowest to highest of each day: unlike a filled band it cannot cross a gap."""
    return Column("HR range", frame["max"] - frame["min"], view.theme.heart_band)


def _sleep(frame: pd.DataFrame, view: View) -> list[Column]:
    """The stages, and hours asleep of nights without stages."""
    colors = view.theme.sleep
    stages = [
        Column(_STAGE_NAMES[stage], frame[stage], color)
        for stage, color in zip(SLEEP_STAGES, colors, strict=True)
    ]
    unstaged = asleep(frame).where(frame[list(SLEEP_STAGES[:3])].isna().all(axis=1))
    if unstaged.notna().any():
        stages.append(Column("Asleep", unstaged, colors[1]))
    return stages


def _line(
    sheet: Sheet,
    noon: Figure,
    values: pd.Series,
    axis: str,
    name: str,
    color: str,
    width: float,
) -> None:
    sheet.traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            **noon,
            "y": numbers(values),
            "yaxis": axis,
            "name": name,
            "line": {"color": color, "width": width},
            "connectgaps": False,
            "hoverinfo": "skip",
        }
    )
    alone = values.notna() & values.shift().isna() & values.shift(-1).isna()
    if alone.any():
        sheet.traces.append(_dots(values[alone], axis, color, width))


def _dots(values: pd.Series, axis: str, color: str, width: float) -> Figure:
    """A single day between two gaps has no line to be seen by."""
    marker = {"color": color, "size": width + 2}
    noon = [stamp(day + pd.Timedelta(hours=12)) for day in values.index]
    place = {"x": noon, "y": numbers(values), "yaxis": axis}
    return {"type": "scatter", "mode": "markers", "marker": marker, "hoverinfo": "skip", **place}


def _baseline(sheet: Sheet, value: float, view: View) -> None:
    line = {"color": view.theme.muted, "dash": "dot", "width": 1.2}
    x = {"x0": stamp(view.low), "x1": stamp(view.high)}
    sheet.shapes.append(
        {"type": "line", "y0": value, "y1": value, "yref": HEART, "line": line, **x}
    )


def _heart_note(data: TimelineData, view: View) -> str:
    if view.compact:
        return "bpm" if data.baseline is None else f"bpm · ··· prior {data.baseline:.0f}"
    note = "bpm · line resting, bar range"
    return note if data.baseline is None else f"{note}<br>··· prior baseline {data.baseline:.0f}"


def _heart_scale(frame: pd.DataFrame) -> Figure:
    """Fixed, so that two ranges compare; wider only if the values need it."""
    lowest, highest = frame["min"].min(), frame["max"].max()
    low = 40.0 if pd.isna(lowest) else min(40.0, float(lowest) - 2)
    high = 185.0 if pd.isna(highest) else max(185.0, float(highest) + 2)
    return {"range": [low, high], "tickvals": [60, 100, 140, 180]}


def _hrv_scale(frame: pd.DataFrame) -> Figure:
    return {"range": [0, _ceiling(frame["hrv"], 62)], "nticks": 3}


def _ceiling(values: pd.Series, least: float) -> float:
    highest = values.max()
    return least if pd.isna(highest) else max(least, float(highest) * 1.05)


def _sleep_key(view: View) -> str:
    names = [_STAGE_NAMES[stage] for stage in SLEEP_STAGES]
    keys = [
        f"<span style='color:{color}'>■</span> {name if name == 'REM' else name.lower()}"
        for color, name in zip(view.theme.sleep, names, strict=True)
    ]
    return "  ".join(keys[:2]) + "<br>" + "  ".join(keys[2:])
