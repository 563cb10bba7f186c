"""All verdicts on the rhythm in the range as a list: vendors' and our own, ECG and pulse."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from clinical.explaining import probability_text
from clinical.verdicts import RhythmEvent
from dashboards import words
from dashboards.marks import mark
from dashboards.markup import aria
from dashboards.parts import verdict_mark
from dashboards.services import RhythmRead

SHOWN = 4
"""Verdicts that stand open; the others are folded."""

MOST = 60


def verdicts_panel(read: RhythmRead, zone: ZoneInfo) -> list[Component]:
    """The panel, the latest first; nothing where nobody decided anything."""
    if not read.events:
        return []
    meta = "Each of one decider and none a diagnosis; findings stand above"
    head = html.Div(
        [html.H2("Rhythm verdicts"), html.P(meta, className="meta")], className="panel-head"
    )
    first, rest = read.events[:SHOWN], read.events[SHOWN:MOST]
    left_out = len(read.events) - len(first) - len(rest) + read.events_left_out
    parts = [head, _list(first, zone), *_folded(rest, left_out, zone)]
    return [html.Section(parts, className="panel verdicts", **aria(label="Rhythm verdicts"))]


def evidence(event: RhythmEvent, zone: ZoneInfo) -> str:
    """When, from which signal and device, by whom, and in the decider's own word."""
    start = words.local(event.start, zone)
    end = words.local(event.end, zone) if event.end else None
    brief = end is not None and (end - start).total_seconds() < 60
    parts = [words.moment(start) if brief else words.span(start, end)]
    parts.append(f"{event.device} ({event.basis})".strip())
    if event.is_own:
        parts.append(f"{event.decided_by}, version {event.version}, investigational")
    else:
        version = f", {event.version}" if event.version else ""
        parts.append(f"{event.decided_by}{version}, in its words “{event.said}”")
    if event.probability is not None:
        parts.append(f"probability of atrial fibrillation {probability_text(event.probability)}")
    return " · ".join(parts)


def _folded(events: Sequence[RhythmEvent], left_out: int, zone: ZoneInfo) -> list[Component]:
    if not events:
        return []
    more = [html.P(f"{left_out} more are not listed.", className="meta")] if left_out else []
    summary = html.Summary(f"{len(events)} more")
    return [html.Details([summary, _list(events, zone), *more])]


def _list(events: Sequence[RhythmEvent], zone: ZoneInfo) -> Component:
    return html.Ul([_row(event, zone) for event in events], className="flags")


def _row(event: RhythmEvent, zone: ZoneInfo) -> Component:
    said = [
        html.P(event.text, className="title"),
        html.P(evidence(event, zone), className="why"),
    ]
    tone = "" if event.is_positive else " done"
    return html.Li([verdict_mark(mark(event)), html.Div(said)], className=f"flag verdict{tone}")
