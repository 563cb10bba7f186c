"""The small parts of the page: banner, accounts, notices, tiles, and the ECG panel."""

import base64
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from clinical.measures import Threshold
from clinical.medications import DrugClass, Lane
from clinical.verdicts import RhythmEvent
from dashboards import words
from dashboards.figures import ecg_figure
from dashboards.marks import Mark, marks
from dashboards.markup import STILL_GRAPH, aria
from dashboards.reading import Look
from dashboards.services import Banner, Finding, Invitation, LinkedVendor, Missing, Strip
from dashboards.summary import Tile
from dashboards.theme import Theme

_CLASS_KEYS = {
    DrugClass.ANTICOAGULANT: "anticoagulant",
    DrugClass.RATE_CONTROL: "rate",
    DrugClass.ANTIARRHYTHMIC: "rhythm",
    DrugClass.OTHER: "other",
}


def patient_banner(banner: Banner | Missing, today: date) -> list[Component]:
    """Name, sex, age, birth date and record number; nothing where the EHR shows them itself."""
    if isinstance(banner, Missing):
        return [html.Span(f"Patient: {banner.reason}")]
    if not banner.required:
        return []
    parts = [banner.sex]
    if banner.birth_date:
        parts.append(f"{words.age(banner.birth_date, today)} y")
        parts.append(f"DOB {banner.birth_date.isoformat()}")
    if banner.identifier:
        parts.append(f"MRN {banner.identifier}")
    facts = html.Span(" · ".join(part for part in parts if part))
    return [html.Strong(banner.name), facts]


def identity(banner: Banner | Missing) -> str:
    """Whom a click acts on, beside the buttons, where the page itself has no banner."""
    if isinstance(banner, Missing) or banner.required:
        return ""
    born = f" · DOB {banner.birth_date.isoformat()}" if banner.birth_date else ""
    return f"{banner.name}{born}"


def accounts(seen: Look, now: datetime) -> list[Component]:
    """Each linked account with its device and how fresh it is."""
    if isinstance(seen.wearables, Missing):
        return [html.Span("Wearables not available now", className="stale")]
    linked = [_account(account, now, seen.zone) for account in seen.linked]
    return list(linked) or [html.Span("No wearable linked")]


def invitation(made: Invitation | Missing, zone: ZoneInfo) -> Component:
    """What to hand to the patient, link and QR code, the code to tell, and until when it works."""
    if isinstance(made, Missing):
        return html.P(f"No invitation was made: {made.reason}", className="notice")
    until = words.moment(words.local(made.expires_at, zone))
    field = dcc.Input(value=made.url, readOnly=True, className="link-field", type="text")
    image = base64.b64encode(made.qr.encode()).decode()
    picture = html.Img(
        src=f"data:image/svg+xml;base64,{image}",
        alt="QR code of the link for the patient",
        className="qr",
    )
    told = [html.P(["Code to tell the patient: ", html.Strong(made.code)])] if made.code else []
    meta = html.P(f"Works once, until {until}.", className="meta")
    return html.Div([html.Label(["Link for the patient", field]), picture, *told, meta])


def notices(seen: Look) -> list[Component]:
    """Which parts are missing, and what of the medications could not be read."""
    said = [f"{part.part} could not be read: {part.reason}" for part in seen.missing]
    gaps = [] if isinstance(seen.medications, Missing) else seen.medications.gaps
    lines = [html.Li(line) for line in (*said, *gaps)]
    if not isinstance(seen.wearables, Missing):
        lines += [html.Li(one) for one in seen.wearables.attention]
    return [html.Ul(lines, className="notice")] if lines else []


def summary(tiles: Sequence[Tile]) -> Component:
    """The tiles as a list of terms and values."""
    return html.Dl([_tile(tile) for tile in tiles], className="tiles")


def legend(lanes: Iterable[Lane], verdicts: Iterable[RhythmEvent]) -> list[Component]:
    """The colours and marks in use: drug classes, episodes, verdicts, and time not worn."""
    present = {lane.drug_class for lane in lanes}
    drugs = [(_CLASS_KEYS[name], name.value) for name in DrugClass if name in present]
    keys = [*drugs, ("afib", "Possible AFib episode"), ("gap", "Not worn")]
    colours = [html.Li([html.I(className=f"key {key}"), name]) for key, name in keys]
    return [*colours, *(html.Li([verdict_mark(each), each.says]) for each in marks(verdicts))]


def verdict_mark(each: Mark) -> Component:
    """The mark of a verdict, for the eye only."""
    tone = "mark alert" if each.asks_for_a_look else "mark"
    return html.Span(each.letter, className=tone, **aria(hidden="true"))


def ecg_panel(
    strip: Strip, finding: Finding, zone: ZoneInfo, theme: Theme, *, compact: bool
) -> Component:
    """The strip behind a finding, on paper, with what must be known to read it."""
    paper = ecg_figure(strip, theme, compact=compact)
    start = words.moment(words.local(strip.start, zone))
    seconds = len(strip.samples) / strip.rate
    facts = [f"Lead {strip.lead}", f"{seconds:.0f} s", "25 mm/s · 10 mm/mV", f"{strip.rate:.0f} Hz"]
    if finding.mean_rate is not None:
        facts.append(f"episode mean {finding.mean_rate:.0f} bpm")
    graph = dcc.Graph(
        id="ecg",
        figure=paper.figure,
        config=STILL_GRAPH,
        responsive=True,
        style={"aspectRatio": paper.aspect, "height": "auto"},
    )
    sentence = f"{seconds:.0f} second ECG strip, lead {strip.lead}, recorded {start}"
    return html.Section(
        [
            html.Div(
                [html.H2(f"ECG {start}"), html.P(" · ".join(facts), className="meta")],
                className="panel-head",
            ),
            html.Div(graph, role="img", **aria(label=f"{sentence}, to scale on ECG paper")),
            html.P(
                "Not for diagnosis on its own: one lead of a wearable, found by investigational "
                "software. Drawn to scale, not life-size.",
                className="meta",
            ),
        ],
        className="panel",
        **aria(label="ECG"),
    )


def no_ecg(reason: str) -> Component:
    """The panel where a strip cannot be shown."""
    title = html.H2("ECG")
    return html.Section([title, html.P(reason, className="meta")], className="panel")


def _account(account: LinkedVendor, now: datetime, zone: ZoneInfo) -> Component:
    name = account.called
    if account.status != "active":
        said = account.unwell or f"link {account.status}"
        return html.Span(f"{name} · {said}", className="stale")
    if account.fetched_back_to:
        back_to = words.local(account.fetched_back_to, zone).date()
        return html.Span(f"{name} · {words.HISTORY_COMING}, back to {words.full_day(back_to)}")
    if account.last_sync is None:
        return html.Span(f"{name} · not synced yet")
    limit = timedelta(hours=Threshold.named("stale_sync_after").value)
    stale = "stale" if account.unwell or now - account.last_sync > limit else ""
    return html.Span(f"{name} · synced {words.ago(account.last_sync, now)}", className=stale)


def _tile(tile: Tile) -> Component:
    value: list[Component | str] = [
        html.Span(tile.value, className="value"),
        " ",
        html.Span(tile.unit, className="unit"),
    ]
    return html.Div(
        [
            html.Dt(tile.label),
            html.Dd(value),
            html.Dd(tile.note, className="note", title=tile.note),
        ],
        className="tile alert" if tile.alert else "tile",
    )
