"""The findings as a list: severity, what was found, the evidence, and the way to act on it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from config.clinical import load
from dashboards import words
from dashboards.facts import Fact
from dashboards.markup import aria
from dashboards.services import Acknowledgement, Finding, WriteState

OWN_DECIDER = "wristchart"
LONGEST_NOTE = 500


def title(finding: Finding) -> str:
    """ "Possible atrial fibrillation, 24 min so far, rate up to 142 bpm"."""
    name = load("findings")["flag"][finding.kind]["text"]
    lasted = words.duration(timedelta(seconds=finding.duration_seconds))
    parts = [name, f"{lasted} so far" if finding.end is None else lasted]
    if finding.max_rate is not None:
        parts.append(f"rate up to {finding.max_rate:.0f} bpm")
    return ", ".join(parts)


def evidence(finding: Finding, zone: ZoneInfo) -> str:
    """When, by which device and signal, how much was analysable, and how sure nobody is yet."""
    onset = words.local(finding.onset, zone)
    end = words.local(finding.end, zone) if finding.end else None
    parts = [words.span(onset, end), f"{finding.device} ({finding.signal})".strip()]
    if finding.coverage is not None:
        parts.append(f"{100 * finding.coverage:.0f} % analysable")
    own = finding.decider.lower().startswith(OWN_DECIDER)
    parts.append("investigational software" if own else f"decided by {finding.decider}")
    if finding.acknowledged is None:
        parts.append("not clinician-confirmed")
    return " · ".join(parts)


def write_state(write: WriteState, zone: ZoneInfo) -> tuple[str, str]:
    """The state in the chart as words, and whether it is "done", "busy" or "late"."""
    if write.state == "saved":
        when = f" {words.local(write.at, zone):%H:%M}" if write.at else ""
        return f"✓ saved in chart{when}", "done"
    if write.state in ("pending", "sending"):
        return "saving in chart…", "busy"
    if write.state == "waiting":
        return "not saved yet, will retry", "late"
    return f"not saved in chart: {write.reason or 'look at the delivery list'}", "late"


def open_findings(
    findings: Sequence[Finding], zone: ZoneInfo, notes: Mapping[str, str]
) -> list[Component]:
    """What waits for somebody to take note of it. `notes`: words typed so far, by finding."""
    waiting = [finding for finding in findings if finding.acknowledged is None]
    if not waiting:
        return [html.P("No open findings.", className="meta")]
    rows = [_open(finding, zone, notes.get(finding.id, "")) for finding in waiting]
    return [html.Ul(rows, className="flags")]


def acknowledged_findings(findings: Sequence[Finding], zone: ZoneInfo) -> list[Component]:
    """What somebody has taken note of, folded, with who and when."""
    rows = [
        _done(finding, finding.acknowledged, zone) for finding in findings if finding.acknowledged
    ]
    if not rows:
        return []
    folded = html.Ul(rows, className="flags")
    return [html.Details([html.Summary(f"{len(rows)} acknowledged"), folded])]


def facts_list(facts: Sequence[Fact]) -> list[Component]:
    """Facts have no button: there is nothing to write to the chart."""
    rows = [
        html.Li(
            [_level(fact.level), html.Div([_title(fact.title), html.P(fact.why, className="why")])],
            className=f"flag {fact.level.lower()}",
        )
        for fact in facts
    ]
    return [html.Ul(rows, className="flags")] if rows else []


def _open(finding: Finding, zone: ZoneInfo, note: str) -> Component:
    severity = load("severity")["words"].get(finding.kind, "Review")
    said = [_title(title(finding)), _why(finding, zone), _note(finding, note)]
    actions = [*_show_ecg(finding, zone), _acknowledge(finding)]
    return html.Li(
        [_level(severity), html.Div(said), html.Div(actions, className="actions")],
        className=f"flag {severity.lower()}",
    )


def _done(finding: Finding, done: Acknowledgement, zone: ZoneInfo) -> Component:
    who = f"✓ {done.name or done.by} · {words.moment(words.local(done.at, zone))}"
    said = [_title(title(finding)), _why(finding, zone)]
    if done.note:
        said.append(html.P(f"“{done.note}”", className="why"))
    actions = [*_show_ecg(finding, zone), html.Span(who, className="acked")]
    return html.Li(
        [_level("Seen"), html.Div(said), html.Div(actions, className="actions")],
        className="flag done",
    )


def _level(word: str) -> Component:
    return html.Span(word, className="level")


def _title(text: str) -> Component:
    return html.P(text, className="title")


def _why(finding: Finding, zone: ZoneInfo) -> Component:
    saved, tone = write_state(finding.write, zone)
    return html.P(
        [evidence(finding, zone), " · ", html.Span(saved, className=f"write {tone}")],
        className="why",
    )


def _show_ecg(finding: Finding, zone: ZoneInfo) -> list[Component]:
    if not finding.has_strip:
        return []
    onset = words.moment(words.local(finding.onset, zone))
    identity = {"type": "strip", "finding": finding.id}
    return [html.Button("ECG", id=identity, className="quiet", **aria(label=f"ECG of {onset}"))]


def _acknowledge(finding: Finding) -> Component:
    return html.Button(
        "Acknowledge",
        id={"type": "acknowledge", "finding": finding.id, "version": finding.version},
        className="act",
        **aria(label=f"Acknowledge: {title(finding)}"),
    )


def _note(finding: Finding, value: str) -> Component:
    field = dcc.Input(
        id={"type": "note", "finding": finding.id},
        type="text",
        value=value,
        maxLength=LONGEST_NOTE,
        placeholder="Note for the chart (optional)",
        className="note-field",
        autoComplete="off",
    )
    label = html.Label([html.Span("Note for the chart", className="unseen"), field])
    return html.Details([html.Summary("Add a note"), label], className="note-fold")
