"""The panel of a finding without an ECG: its heart beats, and what they cannot say."""

from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from config.clinical import load
from dashboards import words
from dashboards.figures import tachogram_figure
from dashboards.figures.tachogram import ASPECT, ASPECT_COMPACT
from dashboards.markup import STILL_GRAPH, aria
from dashboards.services import Beats, Finding
from dashboards.theme import Theme


def beats_panel(
    shown: Beats, finding: Finding, zone: ZoneInfo, theme: Theme, *, compact: bool
) -> Component:
    """The intervals between beats around the onset, with what must be known to read them."""
    onset = words.moment(words.local(finding.onset, zone))
    facts = [f"{len(shown.beats)} beats around the onset, {onset}"]
    if any(beat.ectopic for beat in shown.beats):
        facts.append("× ectopic, as the device says")
    if finding.mean_rate is not None:
        facts.append(f"episode mean {finding.mean_rate:.0f} bpm")
    graph = dcc.Graph(
        id="ecg",
        figure=tachogram_figure(shown, finding.onset, theme),
        config=STILL_GRAPH,
        responsive=True,
        style={"aspectRatio": ASPECT_COMPACT if compact else ASPECT, "height": "auto"},
    )
    head = [html.H2("Heart beats, no ECG"), html.P(" · ".join(facts), className="meta")]
    sentence = f"Time between {len(shown.beats)} heart beats around {onset}, in milliseconds"
    says = load("deciders")["beats_alone"]["says"]
    return html.Section(
        [
            html.Div(head, className="panel-head"),
            html.Div(graph, role="img", **aria(label=sentence)),
            html.P(
                f"{says} Ectopy can look the same. Not for diagnosis: found by investigational "
                "software, record an ECG.",
                className="meta",
            ),
        ],
        className="panel",
        **aria(label="Heart beats"),
    )
