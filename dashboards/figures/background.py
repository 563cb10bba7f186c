"""What lies behind and across the rows: time not worn, and the days on which a dose changed."""

from collections.abc import Iterable
from datetime import timedelta
from html import escape

from clinical.medications import DrugClass
from clinical.response import DoseChange, dose_changes
from dashboards import words
from dashboards.figures.rows import Row
from dashboards.figures.view import Figure, Sheet, TimelineData, View, midnight, stamp

_SLOWING = {DrugClass.RATE_CONTROL, DrugClass.ANTIARRHYTHMIC}
_LABEL_HEIGHT = 14  # pixels a line of upright words needs


def draw_gaps(sheet: Sheet, data: TimelineData, view: View, rows: Iterable[Row]) -> None:
    """Shade the days without worn time in every row a wearable fills."""
    axes = [row.axis for row in rows]
    for gap in data.gaps:
        start, end = midnight(gap.first), midnight(gap.last) + timedelta(days=1)
        for axis in axes:
            sheet.band(axis, stamp(start), stamp(end), view.theme.gap)
        if view.pixels(end - start) > _LABEL_HEIGHT:
            middle = stamp(start + (end - start) / 2)
            place: Figure = {"x": middle, "yref": "y3 domain", "textangle": -90}
            # where the page is narrow, doses stand at the top of the row
            height = (0.02, "bottom") if view.compact else (0.98, "top")
            place |= dict(zip(("y", "yanchor"), height, strict=True))
            sheet.text("not worn", color=view.theme.muted, **place)
    if data.known_from and data.known_from > view.first:
        corner: Figure = {"x": stamp(view.low), "xanchor": "left", "xshift": 4, "yanchor": "top"}
        said = f"{words.HISTORY_COMING} …"
        sheet.text(said, color=view.theme.muted, y=0.98, yref="y3 domain", **corner)


def draw_dose_changes(sheet: Sheet, data: TimelineData, view: View, heart_axis: str) -> None:
    """A dashed guide through the heart rate where a dose changed of a drug that slows the heart."""
    changes = sorted(_shown(data, view), key=lambda change: change.on)
    for number, change in enumerate(changes):
        edge = view.theme.classes[change.drug_class][0]
        x = stamp(midnight(change.on))
        sheet.shapes.append(
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "y0": 0,
                "y1": 1,
                "layer": "above",
                "yref": f"{heart_axis} domain",
                "line": {"color": edge, "width": 1.2, "dash": "dash"},
            }
        )
        following = changes[number + 1].on if number + 1 < len(changes) else None
        label = change.label if view.compact else f"{change.drug.split()[0]} → {change.label}"
        room = following - change.on if following else view.last - change.on
        needed = len(label) * 6.3 + 8
        at_edge = following is None and view.pixels(room) < needed
        if following is None or view.pixels(room) >= needed:
            _label(sheet, label, x, edge, at_edge, heart_axis, view)


def _shown(data: TimelineData, view: View) -> list[DoseChange]:
    lanes = [lane for lane in data.lanes if lane.drug_class in _SLOWING]
    found = [change for lane in lanes for change in dose_changes(lane) if not change.first]
    return [change for change in found if view.first < change.on < view.last]


def _label(
    sheet: Sheet, label: str, x: str, color: str, at_edge: bool, axis: str, view: View
) -> None:
    place: Figure = {
        "x": x,
        "y": 1,
        "yref": f"{axis} domain",
        "xanchor": "right" if at_edge else "left",
    }
    if view.compact:
        inside: Figure = {"yanchor": "top", "xshift": -2 if at_edge else 2, "borderpad": 1}
        sheet.text(escape(label), color=color, bgcolor=view.theme.surface, **place, **inside)
    else:
        shift = 2 if at_edge else -2
        sheet.text(escape(label), color=color, yanchor="bottom", xshift=shift, **place)
