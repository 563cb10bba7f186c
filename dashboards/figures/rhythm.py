"""Episodes of possible atrial fibrillation: their row, and a wash behind the heart rate."""

from datetime import datetime

from clinical.measures import Threshold
from clinical.verdicts import RhythmEvent, Signal, basis, on_beats_alone
from dashboards import words
from dashboards.figures.rows import Row
from dashboards.figures.view import Figure, Sheet, TimelineData, View, clock, milliseconds, stamp
from dashboards.services import Episode

AXIS = "y2"


def rhythm_row(data: TimelineData) -> Row:
    """A low row without a scale."""
    count = len(data.episodes)
    note = f"{count} in range" if count else "none in range"
    if data.verdicts:
        many = "" if len(data.verdicts) == 1 else "s"
        note += f"<br>{len(data.verdicts)} verdict{many} ◆ ECG ◇ pulse"
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
            "customdata": [_said(episode, data) for episode, _, _ in visible],
            "hovertemplate": "<b>Possible AFib, not confirmed</b><br>%{customdata}<extra></extra>",
        }
    )
    for _, start, end in visible:
        sheet.band(heart_axis, stamp(start), stamp(end), view.theme.alert_wash)


def _draw_verdicts(sheet: Sheet, data: TimelineData, view: View) -> None:
    """Mark each verdict on a recording: filled where it asks for a look, open from the pulse."""
    placed = [(one, clock(one.start, data)) for one in reversed(data.verdicts)]
    shown = [(one, at) for one, at in placed if view.low <= at < view.high]
    if not shown:
        return
    theme = view.theme
    colours = [theme.alert if one.is_positive else theme.muted for one, _ in shown]
    sheet.traces.append(
        {
            "type": "scatter",
            "mode": "markers",
            "yaxis": AXIS,
            "x": [stamp(at) for _, at in shown],
            "y": [0.5] * len(shown),
            "marker": {
                "symbol": [_symbol(one) for one, _ in shown],
                "size": [10 if one.is_positive else 7 for one, _ in shown],
                "color": colours,
                "opacity": 1,
                "line": {"width": 1.5, "color": colours},
            },
            "customdata": [_told(one, at) for one, at in shown],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
    )


def _symbol(one: RhythmEvent) -> str:
    if not one.is_positive:
        return "circle-open"
    return "diamond" if one.signal is Signal.ECG else "diamond-open"


def _told(one: RhythmEvent, at: datetime) -> str:
    return f"<b>{one.text}</b><br>{words.moment(at)} · {one.basis}, {one.decided_by}"


def _extent(episode: Episode, data: TimelineData, view: View) -> tuple[datetime, datetime]:
    start = clock(episode.start, data)
    end = clock(episode.end or data.now, data)
    least = view.length * Threshold.named("minimum_episode_width").value
    if start + least > view.high:
        start = min(start, view.high - least)
    return start, max(end, start + least)


def _said(episode: Episode, data: TimelineData) -> str:
    start = clock(episode.start, data)
    end = clock(episode.end, data) if episode.end else None
    lasted = words.duration((episode.end or data.now) - episode.start)
    rests_on = basis(episode.signal, beats_alone=on_beats_alone(episode.decider))
    parts = [words.span(start, end), lasted, f"{rests_on}, {episode.decider}"]
    return " · ".join(parts)
