"""Medications over physiology on one shared time axis."""

from dashboards.figures.background import draw_dose_changes, draw_gaps
from dashboards.figures.measured import HEART, draw_measured, measured_rows
from dashboards.figures.medications import draw_medications, medication_row
from dashboards.figures.read_out import draw_read_out
from dashboards.figures.rhythm import AXIS as RHYTHM
from dashboards.figures.rhythm import draw_rhythm, rhythm_row
from dashboards.figures.rows import Row, layout, titles
from dashboards.figures.view import Figure, Sheet, TimelineData, View, stamp
from dashboards.series import is_empty


def timeline_figure(data: TimelineData, view: View) -> Figure:
    """The whole timeline; its height in pixels is `figure["layout"]["height"]`."""
    rows = [medication_row(data, view), rhythm_row(data), *measured_rows(data, view)]
    sheet = Sheet()
    if is_empty(data.frame):
        _say_empty(sheet, data, view)
    else:
        draw_gaps(sheet, data, view, rows[2:])
    draw_rhythm(sheet, data, view, HEART)
    draw_medications(sheet, data, view)
    draw_measured(sheet, data, view)
    draw_dose_changes(sheet, data, view, HEART)
    draw_read_out(sheet, data, view, RHYTHM)
    return _assembled(sheet, rows, view)


def _say_empty(sheet: Sheet, data: TimelineData, view: View) -> None:
    sentence = data.no_wearables or "No wearable data in this time range"
    place = {"x": 0.5, "xref": "paper", "y": 0.5, "yref": f"{HEART} domain", "yanchor": "middle"}
    sheet.text(sentence, color=view.theme.muted, size=12, **place)


def _assembled(sheet: Sheet, rows: list[Row], view: View) -> Figure:
    annotations = [*titles(rows, view), *sheet.annotations]
    held = {trace["yaxis"] for trace in sheet.traces if trace["y"]}
    footholds = [_foothold(row, view) for row in rows if row.axis not in held]
    traces = [*footholds, *sheet.traces]
    return {
        "data": [{"xaxis": "x", **trace} for trace in _as_read(traces, rows)],
        "layout": {**layout(rows, view), "shapes": sheet.shapes, "annotations": annotations},
    }


def _as_read(traces: list[Figure], rows: list[Row]) -> list[Figure]:
    """Where areas are stacked, Plotly reads traces out from the last to the first.

    Handing the rows over from the bottom up keeps the read-out in the order of the rows; within
    a row the order stays, because later traces lie over earlier ones.
    """
    if not any("stackgroup" in trace for trace in traces):
        return traces
    lanes = [trace for trace in traces if trace["yaxis"] == rows[0].axis]
    others = [trace for trace in traces if trace["yaxis"] != rows[0].axis]
    place = {row.axis: number for number, row in enumerate(rows)}
    return sorted([*others, *reversed(lanes)], key=lambda trace: -place[trace["yaxis"]])


def _foothold(row: Row, view: View) -> Figure:
    """An axis without a trace is none to Plotly: what is written in an empty row would stray."""
    point: Figure = {"x": [stamp(view.low)], "y": [None], "yaxis": row.axis}
    return {"type": "scatter", "mode": "markers", "hoverinfo": "skip", **point}
