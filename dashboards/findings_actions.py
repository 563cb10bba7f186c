"""What can be done about a finding: the first step as a button, the rest under "More"."""

from dash import dcc, html
from dash.development.base_component import Component

from clinical.findings import Decision, FindingState, allowed
from dashboards.markup import aria
from dashboards.services import Finding

LONGEST_NOTE = 500
LABELS = {
    Decision.ACKNOWLEDGED: "Acknowledge",
    Decision.CONFIRMED: "Confirm",
    Decision.REJECTED: "Reject: wrong",
    Decision.UNREADABLE: "Reject: unreadable",
    Decision.COMMENTED: "Comment",
    Decision.RESOLVED: "Resolve",
    Decision.REOPENED: "Reopen",
}
_HINT = (
    "Wrong takes the Flag back as an error; unreadable and resolve end it. "
    "Nothing is deleted, and all of it can be reopened."
)
_HINT_CLOSED = "Reopen makes the Flag active again."


def first_step(finding: Finding, name: str) -> list[Component]:
    """The button for what is usually done next; none where somebody has seen the finding."""
    if finding.state is not FindingState.OPEN:
        return []
    return [_button(finding, Decision.ACKNOWLEDGED, name, "act")]


def more(finding: Finding, name: str, note: str, behind: list[Component]) -> Component:
    """What lies behind it and all else that its state allows, folded, with a field for words."""
    rest = [each for each in allowed(finding.state) if each is not Decision.ACKNOWLEDGED]
    buttons = [_button(finding, decision, name, "quiet decide") for decision in rest]
    hint = _HINT_CLOSED if Decision.REOPENED in rest else _HINT
    choices = html.Div(buttons, className="choices")
    panel = html.Div([*behind, _note(finding, note), choices, html.P(hint, className="meta")])
    return html.Details(
        [html.Summary("More", **aria(label=f"More about: {name}")), panel], className="more"
    )


def _button(finding: Finding, decision: Decision, name: str, style: str) -> Component:
    return html.Button(
        LABELS[decision],
        id={
            "type": "decide",
            "decision": decision.value,
            "finding": finding.id,
            "version": finding.version,
        },
        className=style,
        **aria(label=f"{LABELS[decision]}: {name}"),
    )


def _note(finding: Finding, value: str) -> Component:
    field = dcc.Input(
        id={"type": "note", "finding": finding.id},
        type="text",
        value=value,
        maxLength=LONGEST_NOTE,
        className="note-field",
        autoComplete="off",
    )
    return html.Label(["Note for the chart", field])
