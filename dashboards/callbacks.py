"""The wires between the browser and the desk: each callback parses, calls, returns."""

from typing import Any, NoReturn

from dash import (
    ALL,
    ClientsideFunction,
    Dash,
    Input,
    Output,
    State,
    ctx,
    html,
    no_update,
    set_props,
)
from dash.exceptions import PreventUpdate

from clinical.findings import Decision
from dashboards.desk import Desk, Timeline
from dashboards.following import outcome_sentence
from dashboards.reading import RANGES
from dashboards.services import Missing, Outcome

_RANGES = {"type": "range", "days": ALL}
_STRIPS = {"type": "strip", "finding": ALL}
_DECIDE = {"type": "decide", "decision": ALL, "finding": ALL, "version": ALL}
_NOTES = {"type": "note", "finding": ALL}
_PATH = State("url", "pathname")
_ASKING = State("asking-timeline", "data")


def register(app: Dash, desk: Desk) -> None:
    """Register every callback; none holds state of its own."""
    _in_browser(app)
    _patient(app, desk)
    _timeline(app, desk)
    _table(app, desk)
    _findings(app, desk)
    _ecg(app, desk)
    _invitation(app, desk)


def _in_browser(app: Dash) -> None:
    wire: Any = app.clientside_callback  # Dash gives it no types

    def inside(name: str, *wires: object, later: bool = False) -> None:
        function = ClientsideFunction("wristchart", name)
        wire(function, *wires, prevent_initial_call=later)

    path = Input("url", "pathname")
    inside("viewport", Output("viewport", "data"), path)
    ticks = Input("interval", "n_intervals")
    inside("tick", Output("tick", "data"), ticks, path, State("asking-findings", "data"))
    slow, again = Input("slow-interval", "n_intervals"), State("look-again", "data")
    inside("look", Output("fresh", "data"), slow, ticks, again, _ASKING, later=True)
    pressed = (Output("range", "data"), Output(_RANGES, "aria-pressed"))
    inside("chooseRange", *pressed, Input(_RANGES, "n_clicks"), later=True)
    inside("chooseStrip", Output("chosen", "data"), Input(_STRIPS, "n_clicks"), later=True)
    asked = (Input("table-shown", "data"), Input("range", "data"), State("table-range", "data"))
    inside("askTables", Output("table-range", "data"), *asked, later=True)
    inside("drawTables", Output("table", "data-drawn"), Input("table-data", "data"), later=True)
    inside(
        "toggleTable",
        Output("table-shown", "data"),
        Output("show-table", "aria-expanded"),
        Output("show-table", "children"),
        Input("show-table", "n_clicks"),
        later=True,
    )


def _patient(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("patient", "children"),
        Output("identity", "children"),
        Output("deliveries", "hidden"),
        Output("deliveries", "href"),
        Input("viewport", "data"),
        _PATH,
    )
    def show_patient(viewport: Any, path: str) -> Any:
        return desk.patient(path) if viewport else _nothing()

    @app.callback(Output("background", "children"), Input("viewport", "data"), _PATH)
    def show_background(viewport: Any, path: str) -> Any:
        return desk.background(path) if viewport else _nothing()


def _timeline(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("timeline", "figure"),
        Output("timeline", "style"),
        Output("timeline-image", "aria-label"),
        Output("summary", "children"),
        Output("facts", "children"),
        Output("missing", "children"),
        Output("sync", "children"),
        Output("legend", "children"),
        Output("invitation", "hidden"),
        Output("invitation", "open"),
        Output("invitation-title", "children"),
        Output("drawn", "data"),
        Output("verdicts", "children"),
        Output("look-again", "data"),
        Input("range", "data"),
        Input("viewport", "data"),
        Input("revision", "data"),
        Input("fresh", "data"),
        State("drawn", "data"),
        _PATH,
        running=[(Output("asking-timeline", "data"), True, False)],
    )
    def show_timeline(
        days: str, viewport: Any, revision: Any, fresh: Any, drawn: Any, path: str
    ) -> Any:
        if not viewport:
            return _nothing()
        by_itself = ctx.triggered_id == "fresh"
        found = desk.timeline(path, _days(days), viewport, fresh=by_itself)
        if by_itself and found.digest == drawn:
            unchanged: dict[str, Any] = dict.fromkeys(Timeline._fields, no_update)
            return Timeline(**unchanged | {"sync": found.sync, "look_again": found.look_again})
        return found


def _table(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("table-data", "data"),
        Input("table-range", "data"),
        State("viewport", "data"),
        _PATH,
        prevent_initial_call=True,
    )
    def show_table(days: str | None, viewport: Any, path: str) -> Any:
        return desk.table(path, _days(days), viewport) if days and viewport else []


def _findings(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("findings", "children"),
        Output("acknowledged", "children"),
        Output("closed", "children"),
        Output("known", "data"),
        Output("newest", "data"),
        Output("revision", "data"),
        Output("announcement", "children"),
        Input("tick", "data"),
        Input(_DECIDE, "n_clicks"),
        State("known", "data"),
        State(_NOTES, "id"),
        State(_NOTES, "value"),
        _PATH,
        prevent_initial_call=True,
        running=[(Output("asking-findings", "data"), True, False)],
    )
    def show_findings(
        tick: Any, clicks: Any, known: Any, note_ids: Any, note_values: Any, path: str
    ) -> Any:
        fields = zip(note_ids, note_values, strict=True)
        notes = {field["finding"]: value or "" for field, value in fields}
        said = _decided(desk, path, notes)
        found = desk.findings(path, known, notes)
        if isinstance(found, Missing):
            sentence = f"{found.part} could not be read: {found.reason}"
            return html.P(sentence, className="notice"), [], [], None, no_update, no_update, said
        if not found.step.changed:  # drawn anew, the fold that somebody works in would close
            return (*[no_update] * 6, said) if said else _nothing()
        revision = found.step.known["episodes"] if found.step.episodes_changed else no_update
        said = said or found.step.announcement
        lists = (found.waiting, found.seen, found.closed)
        return *lists, found.step.known, found.newest, revision, said


def _decided(desk: Desk, path: str, notes: dict[str, str]) -> str:
    """Act on the click that triggered this, if one did; what became of it in words.

    Words that were saved leave `notes`.
    """
    button = ctx.triggered_id
    if not isinstance(button, dict) or not ctx.triggered[0]["value"]:
        return ""
    finding, decision = button["finding"], _decision(button["decision"])
    outcome = desk.decide(path, finding, decision, button["version"], notes.get(finding, ""))
    sentence = outcome_sentence(outcome, decision)
    if outcome is Outcome.RECORDED:
        notes.pop(finding, None)
    _notice("" if outcome is Outcome.RECORDED else sentence)
    return sentence


def _decision(word: object) -> Decision:
    """The decision that a button names, from the known ones only: it came from a browser."""
    try:
        return Decision(str(word))
    except ValueError:
        return _nothing()


def _ecg(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("ecg-panel", "children"),
        Output("strip-drawn", "data"),
        Input("newest", "data"),
        Input("chosen", "data"),
        Input("viewport", "data"),
        Input("fresh", "data"),
        State("strip-drawn", "data"),
        _PATH,
        prevent_initial_call=True,
    )
    def show_ecg(
        newest: str | None, chosen: str | None, viewport: Any, fresh: Any, drawn: Any, path: str
    ) -> Any:
        finding = chosen or newest
        by_itself = ctx.triggered_id == "fresh"  # asks again only for what could not be drawn
        if not finding or not viewport or (by_itself and drawn == finding):
            return _nothing()
        return desk.ecg(path, finding, viewport)


def _invitation(app: Dash, desk: Desk) -> None:
    @app.callback(
        Output("invite-link", "children"),
        Input("invite", "n_clicks"),
        _PATH,
        prevent_initial_call=True,
    )
    def invite(clicks: int | None, path: str) -> Any:
        return desk.invite(path) if clicks else _nothing()


def _days(chosen: str | None) -> int:
    """The range as a number, from the known ones only: it came from a browser."""
    if chosen not in RANGES:
        raise PreventUpdate
    return int(chosen)


def _notice(sentence: str) -> None:
    set_props("notice", {"children": sentence})


def _nothing() -> NoReturn:
    raise PreventUpdate
