"""The page without anybody's data: every word about the patient comes by callback."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboards.markup import GRAPH, aria
from dashboards.reading import RANGES

FIRST_RANGE = "90"
FINDINGS_MILLISECONDS = 4000
EVERYTHING_MILLISECONDS = 30_000
_STORES = (
    *("viewport", "tick", "known", "newest", "chosen", "revision", "fresh", "drawn"),
    *("strip-drawn", "look-again", "asking-timeline", "asking-findings"),
    *("table-shown", "table-range", "table-data"),
)


def page() -> Component:
    """The whole page, empty."""
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            *(dcc.Store(id=name) for name in _STORES),
            dcc.Store(id="range", data=FIRST_RANGE),
            dcc.Interval(id="interval", interval=FINDINGS_MILLISECONDS),
            dcc.Interval(id="slow-interval", interval=EVERYTHING_MILLISECONDS),
            html.P(id="announcement", className="unseen", role="status"),
            _banner(),
            html.Main(
                [
                    html.Div(id="notice", className="notice", role="alert"),
                    _toolbar(),
                    html.Div(id="missing", role="status"),
                    html.Section(id="summary", **aria(label="Summary")),
                    _attention(),
                    _timeline(),
                    html.Div(id="ecg-panel"),
                    html.Div(id="verdicts"),
                    html.Div(id="background"),
                ]
            ),
        ],
        id="page",
    )


def _banner() -> Component:
    leaving = html.A("Sign out", href="/sign-out", className="leaving")
    return html.Header(
        [
            html.Div(id="patient", className="patient"),
            html.Div(id="sync", className="sync"),
            html.A(
                "Deliveries", id="deliveries", href="/deliveries", className="leaving", hidden=True
            ),
            leaving,
        ],
        className="banner",
    )


def _toolbar() -> Component:
    buttons = [
        html.Button(
            label,
            id={"type": "range", "days": days},
            **aria(pressed=str(days == FIRST_RANGE).lower()),
        )
        for days, label in RANGES.items()
    ]
    group = html.Div(buttons, className="segmented", role="group", **aria(label="Time range"))
    reading = html.Span(id="reading", className="meta reading", role="status")
    choice = html.Div([reading, group], className="range")
    return html.Div([html.H1("Medications and wearable data"), choice], className="toolbar")


def _attention() -> Component:
    head = html.Div(
        [
            html.H2("Needs attention", id="attention-title", tabIndex=-1),
            html.P(id="identity", className="meta"),
        ],
        className="panel-head",
    )
    rows = [html.Div(id=name) for name in ("findings", "facts", "acknowledged", "closed")]
    return html.Section([head, *rows], className="panel", **aria(label="Needs attention"))


def _timeline() -> Component:
    toggle = html.Button(
        "Show as table", id="show-table", className="quiet", **aria(expanded="false")
    )
    tools = html.Div([html.Ul(id="legend", className="legend"), toggle], className="panel-tools")
    graph = dcc.Graph(id="timeline", config=GRAPH, responsive=True, className="graph")
    return html.Section(
        [
            html.Div([html.H2("Timeline"), tools], className="panel-head"),
            _invitation(),
            html.Div(graph, id="timeline-image", role="img", **aria(label="Timeline")),
            html.Div(id="table"),
        ],
        className="panel",
        **aria(label="Timeline"),
    )


def _invitation() -> Component:
    """Open where nothing is linked; else folded, after the figure."""
    button = html.Button("Invite the patient", id="invite", className="act")
    content = html.Div([button, html.Div(id="invite-link")])
    summary = html.Summary("", id="invitation-title")
    return html.Details([summary, content], id="invitation", hidden=True, open=True)
