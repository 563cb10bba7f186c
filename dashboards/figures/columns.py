"""Daily columns: bars while there are few, one stepped area a series where there are hundreds.

A browser draws each bar as an element of its own: hundreds take most of a redraw's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from dashboards.figures.view import Figure, Sheet, View, midnights, noons
from dashboards.series import numbers

_MOST_BARS = 150
_UNSEEN = "rgba(0,0,0,0)"


@dataclass(frozen=True, slots=True)
class Column:
    """One series of a stack."""

    name: str
    values: pd.Series
    color: str


def draw_columns(
    sheet: Sheet,
    columns: Sequence[Column],
    axis: str,
    first: date,
    view: View,
    base: pd.Series | None = None,
) -> None:
    """Stack the columns of each day from `first` on; a day without a value has none.

    They stand on `base`, on zero if it is None.
    """
    if view.length.days * len(columns) <= _MOST_BARS:
        sheet.traces += [_bars(column, axis, first, base) for column in columns]
        return
    if base is not None:
        sheet.traces.append(_area(Column("", base, _UNSEEN), axis, first))
    sheet.traces += [_area(column, axis, first) for column in columns]


def _bars(column: Column, axis: str, first: date, base: pd.Series | None) -> Figure:
    bars = {
        "type": "bar",
        "marker": {"color": column.color, "line": {"width": 0}},
        **noons(first),
        "y": numbers(column.values, 2),
        **_said(column, axis),
    }
    if base is None:
        return bars
    bars["marker"]["cornerradius"] = 2
    return bars | {"base": numbers(base, 0)}


def _area(column: Column, axis: str, first: date) -> Figure:
    """Steps from midnight to midnight; an unmeasured day is a hole, not a slope."""
    values = numbers(column.values, 2)
    return {
        "type": "scatter",
        "mode": "lines",
        "line": {"shape": "hv", "width": 0},
        "fillcolor": column.color,
        "stackgroup": axis,
        "stackgaps": "infer zero",
        **midnights(first),
        "y": [*values, *values[-1:]],  # the last day reaches to the midnight after it
        **_said(column, axis),
    }


def _said(column: Column, axis: str) -> Figure:
    return {"yaxis": axis, "name": column.name, "hoverinfo": "skip"}
