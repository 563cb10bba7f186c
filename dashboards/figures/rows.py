"""Which rows the timeline has, how high each is in pixels, and the axes that follow from it."""

from dataclasses import dataclass

from dashboards.figures.view import Figure, View
from dashboards.theme import FONT

LANE_HEIGHT, LANE_HEIGHT_COMPACT = 27, 37
GAP, GAP_COMPACT = 22, 29
LEFT, RIGHT, TOP, BOTTOM = 166, 46, 8, 26
LEFT_COMPACT, RIGHT_COMPACT, TOP_COMPACT = 10, 38, 26


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its y axis ("y", "y2", ...), title, a second line, and pixels of height."""

    axis: str
    title: str
    subtitle: str
    height: int
    scale: Figure

    @property
    def key(self) -> str:
        """The name of its axis in a layout: "yaxis3" for "y3"."""
        return "yaxis" + self.axis[1:]


def lane_height(view: View) -> int:
    """Pixels of one medication lane."""
    return LANE_HEIGHT_COMPACT if view.compact else LANE_HEIGHT


def total_height(rows: list[Row], view: View) -> int:
    """Pixels of the whole figure."""
    gap, top = (GAP_COMPACT, TOP_COMPACT) if view.compact else (GAP, TOP)
    return sum(row.height for row in rows) + gap * (len(rows) - 1) + top + BOTTOM


def domains(rows: list[Row], view: View) -> dict[str, tuple[float, float]]:
    """The share of the plot each axis gets, from the top down."""
    gap = GAP_COMPACT if view.compact else GAP
    usable = sum(row.height for row in rows) + gap * (len(rows) - 1)
    top, placed = 0.0, {}
    for row in rows:
        placed[row.axis] = (max(0.0, 1 - (top + row.height) / usable), 1 - top / usable)
        top += row.height + gap
    return placed


def titles(rows: list[Row], view: View) -> list[Figure]:
    """Row titles: in the gutter, or above each row where the page is narrow."""
    placed = domains(rows, view)
    draw = _above if view.compact else _beside
    return [draw(row, placed[row.axis], view) for row in rows if row.title]


def layout(rows: list[Row], view: View) -> Figure:
    """All of the layout but shapes and annotations: one x axis, a y axis a row."""
    theme, placed = view.theme, domains(rows, view)
    base = {
        "side": "right",
        "gridcolor": theme.line,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "ticklabelstandoff": 6,
        "tickfont": {"size": 11, "color": theme.muted},
    }
    axes = {row.key: {**base, **row.scale, "domain": placed[row.axis]} for row in rows}
    return {**axes, "xaxis": _time_axis(rows, view), **_frame(rows, view)}


def _time_axis(rows: list[Row], view: View) -> Figure:
    theme = view.theme
    axis: Figure = {
        "type": "date",
        "range": [view.low.isoformat(), view.high.isoformat()],
        "anchor": rows[-1].axis,
        "gridcolor": theme.line,
        "showgrid": True,
        "showline": False,
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikecolor": theme.muted,
        "spikesnap": "hovered data",
        "zeroline": False,
        "tickfont": {"size": 11, "color": theme.muted},
        "hoverformat": "%a %-d %b %Y",
        "nticks": 6 if view.compact else 12,
        "tickformat": "%-d %b",
    }
    if view.length.days > 200:
        axis |= {"dtick": "M2" if view.compact else "M1", "tickformat": "%b %Y"}
    return axis


def _frame(rows: list[Row], view: View) -> Figure:
    theme, compact = view.theme, view.compact
    margin = (
        {"l": LEFT_COMPACT, "r": RIGHT_COMPACT, "t": TOP_COMPACT, "b": BOTTOM}
        if compact
        else {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM}
    )
    return {
        "barmode": "stack",
        "bargap": 0.18,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": False if compact else "zoom",
        "showlegend": False,
        "margin": margin,
        "height": total_height(rows, view),
        "uirevision": f"{view.first} {view.last}",
        "meta": {
            "range": [view.low.isoformat(), view.high.isoformat()],
            "days": str(view.length.days),
        },
        "paper_bgcolor": theme.surface,
        "plot_bgcolor": theme.surface,
        "font": {"family": FONT, "color": theme.ink, "size": 12},
        "hoverlabel": {
            "bgcolor": theme.surface,
            "bordercolor": theme.line,
            "font": {"size": 12, "color": theme.ink},
        },
    }


def _above(row: Row, place: tuple[float, float], view: View) -> Figure:
    muted = f"<span style='color:{view.theme.muted}'>{row.subtitle.replace('<br>', '  ')}</span>"
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": place[1],
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 7 if row.axis == "y" else 1,
        "showarrow": False,
        "text": f"<b>{row.title}</b>  {muted}",
        "font": {"size": 11, "color": view.theme.ink},
    }


def _beside(row: Row, place: tuple[float, float], view: View) -> Figure:
    muted = f"<span style='font-size:11px;color:{view.theme.muted}'>{row.subtitle}</span>"
    return {
        "x": 0,
        "xref": "paper",
        "xanchor": "right",
        "xshift": -10,
        "align": "right",
        "y": sum(place) / 2,
        "yref": "paper",
        "yanchor": "middle",
        "showarrow": False,
        "text": f"<b>{row.title}</b><br>{muted}",
        "font": {"size": 12, "color": view.theme.ink},
    }
