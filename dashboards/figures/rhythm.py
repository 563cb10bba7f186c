"""Episodes of possible atrial fibrillation: their row, and a wash behind the heart rate."""

from collections.abc import Iterable
from datetime import datetime

from clinical.measures import Threshold
from clinical.verdicts import RhythmEvent
from dashboards import words
from dashboards.figures.rows import Row
from dashboards.figures.view import (
    Figure,
    Sheet,
    TimelineData,
    View,
    clock,
    milliseconds,
    stamp,
)
from dashboards.marks import Mark, mark, marks
from dashboards.services import Episode

AXIS = "y2"


def rhythm_row(data: TimelineData) -> Row:
    """A low row without a scale."""
    count = len(data.episodes)
    note = f"{count} in range" if count else "none in range"
    if single := words.single_verdicts(data.verdicts):
        note += f"<br>{single} {''.join(each.letter for each in _standing_out(data.verdicts))}"
    if data.no_rhythm:
        note = "not known"
    scale = {"range": [0, 1], "showticklabels": False, "showgrid": False}
    return Row(AXIS, "AFib episodes", note, 38, scale)


def draw_rhythm(sheet: Sheet, data: TimelineData, view: View, heart_axis: str) -> None:
    """Draw each episode wide enough to be seen, however short it is."""
    if data.no_rhythm:
        place: Figure = {"x": 0.5, "xref": "paper", "y": 0.5, "yref": f"{AXIS} domain"}
        sheet.text(data.no_rhythm, color=view.theme.muted, size=12, yanchor="middle", **place)
    drawn = [(episode, *_extent(episode, data, view)) for episode in data.episodes]
    visible = [(e, start, end) for e, start, end in drawn if view.inside(start, end)]
    _draw_verdicts(sheet, data, view)
    if not visible:
        return
    sheet.traces.append(
        {
            "type": "bar",
            "orientation": "h",
            "yaxis": AXIS,
            "width": 0.72,
            "x": [milliseconds(end - start) for _, start, end in visible],
            "base": [stamp(start) for _, start, _ in visible],
            "y": [0.5] * len(visible),
            "marker": {"color": view.theme.alert, "line": {"width": 0}},
            "hoverinfo": "skip",
        }
    )
    for _, start, end in visible:
        sheet.band(heart_axis, stamp(start), stamp(end), view.theme.alert_wash)


def _draw_verdicts(sheet: Sheet, data: TimelineData, view: View) -> None:
    """Mark each verdict on a single recording."""
    placed = [(one, clock(one.start, data)) for one in reversed(data.verdicts)]
    shown = [(one, at) for one, at in placed if view.low <= at < view.high]
    if not shown:
        return
    theme, drawn = view.theme, [mark(one) for one, _ in shown]
    colours = [theme.alert if each.asks_for_a_look else theme.muted for each in drawn]
    sheet.traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "yaxis": AXIS,
            "x": [stamp(at) for _, at in shown],
            "y": [each.height for each in drawn],
            "marker": {
                "symbol": [each.symbol for each in drawn],
                "size": [10 if each.asks_for_a_look else 7 for each in drawn],
                "color": colours,
                "opacity": 1,
                "line": {"width": 1.5, "color": colours},
            },
            "hoverinfo": "skip",
        }
    )


def _standing_out(verdicts: Iterable[RhythmEvent]) -> list[Mark]:
    return [each for each in marks(verdicts) if each.asks_for_a_look]


def _extent(episode: Episode, data: TimelineData, view: View) -> tuple[datetime, datetime]:
    start = clock(episode.start, data)
    end = clock(episode.end or data.now, data)
    least = view.length * Threshold.named("minimum_episode_width").value
    if start + least > view.high:
        start = min(start, view.high - least)
    return start, max(end, start + least)
