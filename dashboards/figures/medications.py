"""The medication lanes: one bar a dose, higher for a higher dose, hatched if patient-reported."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from html import escape

from clinical.medications import Ending, Lane, Segment, Source
from dashboards import words
from dashboards.figures.rows import LEFT, Row, lane_height
from dashboards.figures.view import (
    LONGEST,
    Figure,
    Sheet,
    TimelineData,
    View,
    midnight,
    milliseconds,
    stamp,
)

AXIS = "y"
ON_HOLD = "on-hold"
_LETTER = 6.3  # pixels of one letter at 11 px, about
_HELD = "rgba(0,0,0,0)"


def shown_lanes(lanes: Sequence[Lane], view: View) -> list[Lane]:
    """The lanes of the longest range, whatever the window: the rows stay where they are."""
    year = replace(view, first=view.last - timedelta(days=LONGEST))
    return [lane for lane in lanes if any(_inside(segment, year) for segment in lane.segments)]


def medication_row(data: TimelineData, view: View) -> Row:
    """The row's place and scale; it is as high as it has lanes."""
    count = max(1, len(shown_lanes(data.lanes, view)))
    scale: Figure = {"range": [count - 0.4, -0.55], "showticklabels": False, "showgrid": False}
    title = "Medications" if view.compact or not shown_lanes(data.lanes, view) else ""
    note = "taller = more · hatched = patient reported" if view.compact else ""
    return Row(AXIS, title, note, count * lane_height(view), scale)


def draw_medications(sheet: Sheet, data: TimelineData, view: View) -> None:
    """Draw every lane that touches the window, or say why there is none."""
    drawn = shown_lanes(data.lanes, view)
    if not drawn:
        sentence = data.no_medications if not data.lanes else "None in the past year"
        sheet.text(sentence, color=view.theme.muted, size=12, **_middle(AXIS))
    for number, lane in enumerate(drawn):
        _name(sheet, lane, number, view)
        inside = [segment for segment in lane.segments if _inside(segment, view)]
        for segment in inside:
            _bar(sheet, lane, segment, number, view)
        if not inside and not view.compact:
            place: Figure = {"x": stamp(view.low), "xanchor": "left", "xshift": 5, "y": number}
            sheet.text(_over(lane), color=view.theme.muted, yref=AXIS, **place)


def _middle(axis: str) -> Figure:
    return {"x": 0.5, "xref": "paper", "y": 0.5, "yref": f"{axis} domain", "yanchor": "middle"}


def _name(sheet: Sheet, lane: Lane, number: int, view: View) -> None:
    theme = view.theme
    if not view.compact:
        place: Figure = {"x": 0, "xref": "paper", "xanchor": "right", "xshift": -16, "y": number}
        name = _fit(lane.name, LEFT - 16)
        sheet.text(escape(name), color=theme.ink, size=12, yref=AXIS, **place)
        return
    visible = [_labels(segment)[0] for segment in lane.segments if _inside(segment, view)]
    label = f"<b>{escape(lane.name)}</b> {escape(' → '.join(visible)) or _over(lane)}"
    place = {
        "x": stamp(view.low),
        "xanchor": "left",
        "y": number - 0.24,
        "yanchor": "middle",
    }
    sheet.text(label, color=theme.ink, yref=AXIS, **place)


def _bar(sheet: Sheet, lane: Lane, segment: Segment, number: int, view: View) -> None:
    start, end = _visible(segment, view)
    y = number + (0.2 if view.compact else 0)
    sheet.traces.append(
        {
            "type": "bar",
            "orientation": "h",
            "yaxis": AXIS,
            "name": escape(lane.name),
            "x": [milliseconds(end - start)],
            "base": [stamp(start)],
            "y": [y],
            "width": (0.34 if view.compact else 0.5) * (0.62 + 0.38 * segment.strength),
            "marker": _marker(lane, segment, view),
            "hovertemplate": _hover(lane, segment, view.today),
        }
    )
    edge = view.theme.classes[lane.drug_class][0]
    fitting = (said for said in _labels(segment) if _fits(said, end - start, view))
    if not view.compact and (label := next(fitting, "")):
        place: Figure = {"x": stamp(start), "xanchor": "left", "xshift": 5, "y": y, "yref": AXIS}
        sheet.text(escape(label), color=edge, **place)
    _open_ends(sheet, segment, y, edge, view)


def _labels(segment: Segment) -> tuple[str, ...]:
    """What may stand on a bar, the fullest first: why it is empty before how much it was."""
    if segment.status != ON_HOLD:
        return (segment.label,)
    return (f"{segment.label}, on hold", "on hold")


def _marker(lane: Lane, segment: Segment, view: View) -> Figure:
    edge, fill = view.theme.classes[lane.drug_class]
    marker: Figure = {"color": fill, "line": {"color": edge, "width": 1}}
    if segment.status == ON_HOLD or segment.ending is Ending.UNKNOWN:
        marker["color"] = _HELD
    if lane.source is Source.REPORTED:
        marker["pattern"] = {
            "shape": "/",
            "fgcolor": edge,
            "fgopacity": 0.35,
            "size": 6,
            "solidity": 0.15,
            "bgcolor": marker["color"],
        }
    return marker


def _open_ends(sheet: Sheet, segment: Segment, y: float, edge: str, view: View) -> None:
    marks = []
    if segment.start is None or midnight(segment.start) < view.low:
        marks.append(("?" if segment.start is None else "‹", view.low, "right"))
    if segment.ending is Ending.UNKNOWN and segment.end is None:
        marks.append(("?", view.high, "left"))
    elif segment.end is None or midnight(segment.end) > view.high:
        marks.append(("›", view.high, "left"))
    for glyph, x, anchor in marks:
        place: Figure = {"x": stamp(x), "xanchor": anchor, "y": y, "yref": AXIS}
        sheet.text(f"<b>{glyph}</b>", color=edge, size=15 if glyph != "?" else 12, **place)


def _hover(lane: Lane, segment: Segment, today: date) -> str:
    first = words.full_day(segment.start) if segment.start else "start not recorded"
    when = f"{first} – {ending(segment, today)} · {lane.source.value.lower()}"
    said = [line for line in (when, segment.remark, *lane.remarks) if line]
    lines = "<br>".join(escape(line) for line in said)
    return f"<b>{escape(lane.name)} {escape(segment.label)}</b><br>{lines}<extra></extra>"


def ending(segment: Segment, today: date) -> str:
    """The end of a segment in words; a known end is its last day."""
    if segment.end is not None:
        return words.full_day(segment.end - timedelta(days=1))
    if segment.ending is Ending.UNKNOWN:
        return "end not recorded"
    planned = segment.start is not None and segment.start > today
    return "planned" if planned else "ongoing"


def _over(lane: Lane) -> str:
    """Why a lane has no bar in the window: its last dose ended before."""
    ends = [segment.end for segment in lane.segments if segment.end]
    return f"ended {words.full_day(max(ends) - timedelta(days=1))}" if ends else ""


def _visible(segment: Segment, view: View) -> tuple[datetime, datetime]:
    start = midnight(segment.start) if segment.start else view.low
    end = midnight(segment.end) if segment.end else view.high
    return max(start, view.low), min(end, view.high)


def _inside(segment: Segment, view: View) -> bool:
    start, end = _visible(segment, view)
    return start < end


def _fits(label: str, length: timedelta, view: View) -> bool:
    return view.pixels(length) > len(label) * _LETTER + 10


def _fit(name: str, pixels: int) -> str:
    letters = int(pixels / _LETTER) + 1
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"
