"""Intervals between heart beats against time: a tachogram, where there is no ECG to draw."""

from datetime import datetime

from dashboards.figures.view import Figure
from dashboards.services import Beats
from dashboards.theme import FONT, Theme

_LEAST, _MOST = 200, 1600  # milliseconds always on the scale: 300 to 38 beats a minute
ASPECT, ASPECT_COMPACT = "3 / 1", "3 / 2"


def tachogram_figure(shown: Beats, onset: datetime, theme: Theme) -> Figure:
    """Draw each interval at its beat, in ms; a line breaks where beats may be missing."""
    begin = (onset - shown.start).total_seconds()
    seconds = [beat.offset / 1000 - begin for beat in shown.beats]
    intervals = [beat.interval for beat in shown.beats]
    longest = max((one for one in intervals if one is not None), default=_MOST)
    ectopic = [bool(beat.ectopic) for beat in shown.beats]
    trace: Figure = {
        "type": "scatter",
        "mode": "lines+markers",
        "hoverinfo": "skip",
        "connectgaps": False,
        "x": [round(second, 3) for second in seconds],
        "y": intervals,
        "line": {"color": theme.line, "width": 1},
        "marker": {
            "size": 5,
            "color": [theme.alert if one else theme.heart for one in ectopic],
            "symbol": ["x" if one else "circle" for one in ectopic],
        },
    }
    return {"data": [trace], "layout": _layout(theme, max(longest + 100, _MOST))}


def _layout(theme: Theme, longest: float) -> Figure:
    axis: Figure = {
        "fixedrange": True,
        "gridcolor": theme.line,
        "zeroline": False,
        "tickfont": {"color": theme.muted, "size": 11},
    }
    title = {"font": {"color": theme.muted, "size": 12}}
    onset = {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper"}
    return {
        "xaxis": {**axis, "title": {**title, "text": "seconds from the estimated onset"}},
        "yaxis": {
            **axis,
            "range": [_LEAST, longest],
            "title": {**title, "text": "time between beats, ms"},
        },
        "shapes": [{**onset, "line": {"color": theme.alert, "width": 1.5, "dash": "dot"}}],
        "plot_bgcolor": theme.surface,
        "paper_bgcolor": theme.surface,
        "showlegend": False,
        "font": {"family": FONT},
        "margin": {"l": 56, "r": 8, "t": 8, "b": 44},
        "dragmode": False,
        "hovermode": False,
    }
