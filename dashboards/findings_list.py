"""The findings as a list: severity, what was found, the evidence, and the way to act on it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from clinical.explaining import measures, probability_text
from clinical.findings import OPEN_STATES, Decision, FindingState
from clinical.rules import stated
from clinical.verdicts import basis
from config.clinical import load
from dashboards import words
from dashboards.facts import Fact
from dashboards.findings_actions import first_step, more
from dashboards.markup import aria
from dashboards.services import Decided, Finding, WriteState

OWN_DECIDER = "wristchart"
_STANDS = {
    FindingState.ACKNOWLEDGED: "Seen",
    FindingState.CONFIRMED: "Confirmed",
    FindingState.REJECTED: "Rejected",
    FindingState.UNREADABLE: "Rejected",
    FindingState.RESOLVED: "Resolved",
}
_DONE = {
    Decision.ACKNOWLEDGED: "✓ Acknowledged",
    Decision.CONFIRMED: "✓ Confirmed",
    Decision.REJECTED: "Rejected as wrong",
    Decision.UNREADABLE: "Rejected as unreadable",
    Decision.COMMENTED: "Comment",
    Decision.RESOLVED: "✓ Resolved",
    Decision.REOPENED: "Reopened",
}


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
    rests_on = basis(finding.signal, beats_alone=finding.beats_alone)
    parts = [words.span(onset, end), f"{finding.device} ({rests_on})".strip()]
    if finding.coverage is not None:
        parts.append(f"{100 * finding.coverage:.0f} % analysable")
    own = finding.decider.lower().startswith(OWN_DECIDER)
    parts.append("investigational software" if own else f"decided by {finding.decider}")
    if finding.state is not FindingState.CONFIRMED:
        parts.append("not clinician-confirmed")
    return " · ".join(parts)


def reasons(finding: Finding) -> list[Component]:
    """How probable it was when found; where there are beats alone, that there is no ECG."""
    said = []
    if finding.beats_alone:
        said.append(str(load("deciders")["beats_alone"]["says"]))
    if finding.probability is not None:
        said.append(f"When found: probability {probability_text(finding.probability)}")
    return [html.P(line, className="why") for line in said]


def numbers(finding: Finding) -> list[Component]:
    """The numbers behind the decision, each with its meaning; none where none are known."""
    said = [
        html.Abbr(f"{each.label} {each.text}", title=each.means)
        for each in measures(finding.evidence)
    ]
    parted = [part for each in said for part in (" · ", each)][1:]
    return [html.P(["When found: ", *parted], className="why")] if said else []


def write_state(write: WriteState, zone: ZoneInfo) -> tuple[str, str]:
    """The state in the chart as words, and whether it is "done", "busy", "kept" or "late"."""
    if write.state == "saved":
        when = f" {words.local(write.at, zone):%H:%M}" if write.at else ""
        return f"✓ saved in chart{when}", "done"
    if write.state in ("pending", "sending"):
        return "saving in chart…", "busy"
    if write.state == "waiting":
        return "not saved yet, will retry", "late"
    if write.state in ("held", "unsent"):
        return f"not sent to the chart: {write.reason}", "kept"
    return f"not saved in chart: {write.reason or 'look at the delivery list'}", "late"


def open_findings(
    findings: Sequence[Finding], zone: ZoneInfo, notes: Mapping[str, str]
) -> list[Component]:
    """What waits for somebody to take note of it. `notes`: words typed so far, by finding."""
    waiting = [finding for finding in findings if finding.state is FindingState.OPEN]
    if not waiting:
        return [html.P("No open findings.", className="meta")]
    return [html.Ul([_row(each, zone, notes) for each in waiting], className="flags")]


def acknowledged_findings(
    findings: Sequence[Finding], zone: ZoneInfo, notes: Mapping[str, str]
) -> list[Component]:
    """What somebody has taken note of and still stands, folded, with who and when."""
    seen = [f for f in findings if f.state in OPEN_STATES and f.state is not FindingState.OPEN]
    return _folded(seen, "acknowledged", zone, notes)


def closed_findings(
    findings: Sequence[Finding], zone: ZoneInfo, notes: Mapping[str, str]
) -> list[Component]:
    """What somebody rejected or resolved, folded, with who and when."""
    closed = [finding for finding in findings if finding.state not in OPEN_STATES]
    return _folded(closed, "closed", zone, notes)


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


def _folded(
    findings: Sequence[Finding], word: str, zone: ZoneInfo, notes: Mapping[str, str]
) -> list[Component]:
    if not findings:
        return []
    rows = html.Ul([_row(each, zone, notes) for each in findings], className="flags")
    return [html.Details([html.Summary(f"{len(findings)} {word}"), rows])]


def _row(finding: Finding, zone: ZoneInfo, notes: Mapping[str, str]) -> Component:
    waits = finding.state is FindingState.OPEN
    severity = finding.severity
    name = title(finding)
    said = [
        _title(name),
        _why(finding, zone),
        *reasons(finding),
        *_history(finding, zone),
        more(finding, name, notes.get(finding.id, ""), numbers(finding)),
    ]
    actions = [*_show_ecg(finding, zone), *first_step(finding, name)]
    return html.Li(
        [
            _level(severity if waits else _STANDS[finding.state]),
            html.Div(said),
            html.Div(actions, className="actions"),
        ],
        id={"type": "finding", "finding": finding.id},  # keeps what is unfolded with its finding
        className=f"flag {severity.lower() if waits else 'done'}",
    )


def _history(finding: Finding, zone: ZoneInfo) -> list[Component]:
    """Who decided what and when, the first decision first."""
    if not finding.decisions:
        return []
    return [html.Ul([_decided(each, zone) for each in finding.decisions], className="history")]


def _decided(done: Decided, zone: ZoneInfo) -> Component:
    when = words.moment(words.local(done.at, zone))
    said = f" “{done.note}”" if done.note else ""
    return html.Li(f"{_DONE[done.decision]} by {done.name or done.by} · {when}{said}")


def _level(word: str) -> Component:
    return html.Span(word, className="level")


def _title(text: str) -> Component:
    return html.P(text, className="title")


def _why(finding: Finding, zone: ZoneInfo) -> Component:
    saved, tone = write_state(finding.write, zone)
    unknown = stated(finding.write.unknown)
    return html.P(
        [
            evidence(finding, zone),
            " · ",
            html.Span(saved, className=f"write {tone}"),
            f" · {unknown}" if unknown else "",
        ],
        className="why",
    )


def _show_ecg(finding: Finding, zone: ZoneInfo) -> list[Component]:
    if not (finding.has_strip or finding.has_beats):
        return []
    name = "ECG" if finding.has_strip else "Beats"
    onset = words.moment(words.local(finding.onset, zone))
    identity = {"type": "strip", "finding": finding.id}
    return [html.Button(name, id=identity, className="quiet", **aria(label=f"{name} of {onset}"))]
