"""An ECG strip on paper: 25 mm/s and 10 mm/mV, so 1 mV is exactly as long as 0.4 s.

On a screen this is to scale, not life-size: only print can promise millimetres.
"""

import base64
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from dashboards.figures.view import Figure
from dashboards.services import Strip
from dashboards.theme import FONT, Theme

MM_PER_SECOND, MM_PER_MILLIVOLT = 25, 10
_ROW_SECONDS, _ROW_SECONDS_COMPACT = 10, 6
_ROW_MILLIVOLT = 2.5
_TAIL = 0.5  # seconds that do not deserve a row of their own: they run off the last one
_LEFT = 0.4  # seconds of paper left of the trace, for the calibration pulse
_PULSE = ((-0.36, 0), (-0.30, 0), (-0.30, 1), (-0.10, 1), (-0.10, 0), (-0.04, 0))


@dataclass(frozen=True, slots=True)
class Paper:
    """A drawn strip and the shape that keeps its grid square."""

    figure: Figure
    aspect: str  # CSS aspect-ratio


def ecg_figure(strip: Strip, theme: Theme, *, compact: bool) -> Paper:
    """Draw a strip in rows of 10 s, or of 6 s where the page is narrow."""
    seconds = _ROW_SECONDS_COMPACT if compact else _ROW_SECONDS
    millivolts = _centred(np.asarray(strip.samples, dtype=np.float32) / np.float32(1000))
    per_row = round(seconds * strip.rate)
    rows = max(1, ceil((len(millivolts) - _TAIL * strip.rate) / per_row))
    cuts = [*range(0, rows * per_row, per_row), max(len(millivolts), rows * per_row)]
    traces = [
        _trace(millivolts[start:end], row, strip.rate, theme)
        for row, (start, end) in enumerate(pairwise(cuts))
    ]
    top, bottom = 1.5, -(rows - 1) * _ROW_MILLIVOLT - 1.0
    layout = _layout(theme, seconds, bottom, top)
    layout["annotations"] = [_mark(row * seconds, row, theme) for row in range(rows)]
    width, height = (seconds + _LEFT) * MM_PER_SECOND, (top - bottom) * MM_PER_MILLIVOLT
    return Paper({"data": [*traces, _pulse(theme)], "layout": layout}, f"{width:g} / {height:g}")


def _centred(millivolts: NDArray[np.float32]) -> NDArray[np.float32]:
    """A recorder's constant offset would push the trace out of its row."""
    if not millivolts.size:
        return millivolts
    return millivolts - np.float32(np.median(millivolts))


def _trace(values: NDArray[np.float32], row: int, rate: float, theme: Theme) -> Figure:
    drawn = (values - np.float32(row * _ROW_MILLIVOLT)).astype("<f4")
    packed = base64.b64encode(drawn.tobytes()).decode("ascii")
    return {
        "type": "scatter",
        "mode": "lines",
        "hoverinfo": "skip",
        "x0": 0,
        "dx": 1 / rate,
        "y": {"dtype": "f4", "bdata": packed},
        "line": {"color": theme.trace, "width": 1.15, "simplify": True},
    }


def _pulse(theme: Theme) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "hoverinfo": "skip",
        "x": [x for x, _ in _PULSE],
        "y": [y for _, y in _PULSE],
        "line": {"color": theme.trace, "width": 1.15},
    }


def _mark(second: int, row: int, theme: Theme) -> Figure:
    return {
        "x": 0.04,
        "y": -row * _ROW_MILLIVOLT + 1.38,
        "xanchor": "left",
        "showarrow": False,
        "text": f"{second} s",
        "font": {"size": 10, "color": theme.muted},
    }


def _layout(theme: Theme, seconds: int, bottom: float, top: float) -> Figure:
    minor = {"showgrid": True, "gridcolor": theme.paper_minor, "gridwidth": 0.6, "tick0": 0}
    grid: Figure = {
        "showticklabels": False,
        "zeroline": False,
        "showgrid": True,
        "gridwidth": 1,
        "gridcolor": theme.paper_major,
        "fixedrange": True,
        "tick0": 0,
        "ticks": "",
    }
    time = {"range": [-_LEFT, seconds], "dtick": 0.2, "constrain": "domain"}
    scale = {"scaleanchor": "x", "scaleratio": MM_PER_MILLIVOLT / MM_PER_SECOND}
    return {
        "xaxis": {**grid, **time, "minor": {**minor, "dtick": 0.04}},
        "yaxis": {**grid, **scale, "range": [bottom, top], "dtick": 0.5}
        | {"minor": {**minor, "dtick": 0.1}},
        "plot_bgcolor": theme.paper,
        "paper_bgcolor": theme.surface,
        "showlegend": False,
        "font": {"family": FONT},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "dragmode": False,
        "hovermode": False,
    }
