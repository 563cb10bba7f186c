"""What the chart says besides drugs, in three short lines: problems, allergies, visits."""

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from clinical.chart import Allergy, Background, Problem, Visit
from dashboards import words
from dashboards.markup import aria
from dashboards.services import Missing

MOST_VISITS = 5
NONE = "None in the chart"
_SETTINGS: Mapping[str, str] = {  # HL7 v3 ActCode, value set ActEncounterCode
    "AMB": "outpatient",
    "EMER": "emergency",
    "FLD": "in the field",
    "HH": "at home",
    "IMP": "inpatient",
    "ACUTE": "inpatient",
    "NONAC": "inpatient",
    "OBSENC": "observation",
    "PRENC": "before admission",
    "SS": "short stay",
    "VR": "virtual",
}
_NO_VISIT = {"cancelled", "entered-in-error"}


def background_panel(read: Background | Missing, zone: ZoneInfo) -> list[Component]:
    """The panel; nothing where the site asks for none of it."""
    if isinstance(read, Missing):
        return [_panel([html.P(f"Not readable now: {read.reason}", className="meta")])]
    rows = [
        *_row("Problems", "Condition", _problems(read.problems), read),
        *_row("Allergies", "AllergyIntolerance", _allergies(read.allergies), read),
        *_row("Visits, 1 year", "Encounter", _visits(read.visits, zone), read),
    ]
    gaps = [html.P(gap, className="notice") for gap in read.gaps]
    lines = [html.Dl(rows, className="chart-facts")] if rows else []
    return [_panel([*lines, *gaps])] if rows or gaps else []


def _panel(content: list[Component]) -> Component:
    return html.Section(
        [html.H2("From the chart"), *content], className="panel", **aria(label="From the chart")
    )


def _row(
    label: str, kind: str, entries: list[Component | str], read: Background
) -> list[Component]:
    """The term and its entries; "none" only where the chart was read to the end."""
    if not entries and kind not in read.complete:
        return []
    shown = [html.Li(entry) for entry in entries] or [html.Li(NONE, className="none")]
    return [html.Dt(label), html.Dd(html.Ul(shown))]


def _problems(problems: Iterable[Problem]) -> list[Component | str]:
    present = [problem for problem in problems if problem.is_present]
    present.sort(key=lambda problem: problem.onset or date.min, reverse=True)
    return [_since(problem) for problem in present]


def _since(problem: Problem) -> str:
    doubt = "" if problem.verification in ("confirmed", "") else f", {problem.verification}"
    since = f" (since {problem.onset.year})" if problem.onset else ""
    return f"{problem.name}{doubt}{since}"


def _allergies(allergies: Iterable[Allergy]) -> list[Component | str]:
    present = [allergy for allergy in allergies if allergy.is_present]
    present.sort(key=lambda allergy: allergy.criticality != "high")
    return [_allergy(allergy) for allergy in present]


def _allergy(allergy: Allergy) -> Component | str:
    reactions = f": {', '.join(allergy.reactions)}" if allergy.reactions else ""
    if allergy.criticality != "high":
        return f"{allergy.name}{reactions}"
    return html.Span([html.Strong(f"{allergy.name} (high risk)"), reactions])


def _visits(visits: Iterable[Visit], zone: ZoneInfo) -> list[Component | str]:
    """The newest visits; one without a beginning comes last."""
    real = [visit for visit in visits if visit.status not in _NO_VISIT]
    real.sort(key=lambda visit: visit.start.timestamp() if visit.start else 0.0, reverse=True)
    shown: list[Component | str] = [_visit(visit, zone) for visit in real[:MOST_VISITS]]
    more = len(real) - len(shown)
    return [*shown, f"and {more} earlier"] if more else shown


def _visit(visit: Visit, zone: ZoneInfo) -> str:
    setting = _SETTINGS.get(visit.setting, visit.setting)
    what = ", ".join(part for part in (visit.name or "Visit", setting) if part)
    state = "" if visit.status == "finished" else f", {visit.status.replace('-', ' ')}"
    when = f"{words.full_day(words.local(visit.start, zone))}: " if visit.start else ""
    return f"{when}{what}{state}"
