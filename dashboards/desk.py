"""What the page shows at each step, as plain calls; `callbacks` wires them to the browser."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from clinical.findings import Decision
from dashboards import parts
from dashboards.background import background_panel
from dashboards.beats_panel import beats_panel
from dashboards.facts import facts
from dashboards.figures import Figure, TimelineData, View, timeline_figure
from dashboards.findings_actions import LONGEST_NOTE
from dashboards.findings_list import (
    acknowledged_findings,
    closed_findings,
    facts_list,
    open_findings,
)
from dashboards.following import Known, Step, follow, newest_to_show
from dashboards.reading import Look, look, timeline_data
from dashboards.recent import Recent
from dashboards.services import Finding, FindingsRead, Missing, Outcome, RhythmRead, Services
from dashboards.summary import tiles
from dashboards.tables import Table, sentence, tables
from dashboards.theme import THEMES
from dashboards.verdicts_list import verdicts_panel

_LONGEST_VISIT = 40


class Patient(NamedTuple):
    """Who the patient is: in the banner, and beside the actions where there is no banner."""

    banner: list[Component]
    identity: str
    no_deliveries: bool
    deliveries: str


class Timeline(NamedTuple):
    """Everything a range changes on the page."""

    figure: Figure
    style: dict[str, str]
    sentence: str
    summary: Component
    facts: list[Component]
    missing: list[Component]
    sync: list[Component]
    legend: list[Component]
    no_invitation: bool
    invitation_open: bool
    invitation_title: str
    digest: str
    verdicts: list[Component]
    look_again: bool


class Findings(NamedTuple):
    """The lists, what to remember of them, and the ECG to show unasked."""

    waiting: list[Component]
    seen: list[Component]
    closed: list[Component]
    step: Step
    newest: str | None


class Desk:
    """Opens a context, asks the services, and builds what is shown."""

    def __init__(self, services: Services, recent: Recent, clock: Callable[[], datetime]) -> None:
        self._services = services
        self._recent = recent
        self._clock = clock

    def patient(self, path: str) -> Patient:
        """The patient of this launch."""
        context = self._services.open(path)
        banner = self._services.banner(context)
        today = self._services.today(context)
        shown = parts.patient_banner(banner, today)
        operates = self._services.operates(context)
        deliveries = f"/deliveries?chart={context}"  # by which that page knows the way back
        return Patient(shown, parts.identity(banner), not operates, deliveries)

    def background(self, path: str) -> list[Component]:
        """What the chart says besides drugs."""
        context = self._services.open(path)
        return background_panel(self._services.background(context), self._zone(context))

    def timeline(
        self, path: str, days: int, viewport: Mapping[str, Any], *, fresh: bool = False
    ) -> Timeline:
        """The timeline of a range, its tiles and facts, and what is missing."""
        seen = self._look(path, days, viewport, fresh=fresh)
        data, view = self._drawn(seen, viewport)
        figure = timeline_figure(data, view)
        now = self._clock()
        return Timeline(
            figure=figure,
            style={"height": f"{figure['layout']['height']}px"},
            sentence=sentence(data, view),
            summary=parts.summary(tiles(seen)),
            facts=facts_list(facts(seen, now)),
            missing=parts.notices(seen),
            sync=parts.accounts(seen, now),
            legend=parts.legend(seen.lanes, seen.single_verdicts),
            no_invitation=isinstance(seen.wearables, Missing),
            invitation_open=not seen.is_linked,
            invitation_title="Link another wearable" if seen.is_linked else "No wearable linked",
            digest=seen.digest,
            verdicts=verdicts_panel(seen.rhythm, seen.zone)
            if isinstance(seen.rhythm, RhythmRead)
            else [],
            look_again=seen.is_passing,
        )

    def table(self, path: str, days: int, viewport: Mapping[str, Any]) -> list[Table]:
        """The timeline of a range as tables."""
        return tables(*self._drawn(self._look(path, days, viewport), viewport))

    def findings(
        self, path: str, known: Known | None, notes: Mapping[str, str]
    ) -> Findings | Missing:
        """The findings now, compared with what the page knows; `notes` are words being typed."""
        context = self._services.open(path)
        read = self._services.findings(context)
        if isinstance(read, Missing):
            return read
        zone, found = self._zone(context), read.findings
        return Findings(
            waiting=open_findings(found, zone, notes),
            seen=acknowledged_findings(found, zone, notes),
            closed=closed_findings(found, zone, notes),
            step=follow(found, known),
            newest=newest_to_show(found),
        )

    def decide(
        self, path: str, finding: str, decision: Decision, version: int, note: str
    ) -> Outcome:
        """Decide about a finding as whoever opened this launch."""
        context = self._services.open(path)
        words_typed = " ".join(note.split())[:LONGEST_NOTE]
        if decision is Decision.COMMENTED and not words_typed:
            return Outcome.WORDLESS
        return self._services.decide(context, finding, decision, version, words_typed)

    def ecg(
        self, path: str, finding_id: str, viewport: Mapping[str, Any]
    ) -> tuple[Component, str | None]:
        """The panel of a finding's ECG, or of its beats where there is none.

        With the finding it is of, where that could be read.
        """
        context = self._services.open(path)
        read = self._services.findings(context)
        found = read.findings if isinstance(read, FindingsRead) else ()
        finding = next((finding for finding in found if finding.id == finding_id), None)
        if finding is None:
            return html.Div(), None
        if finding.has_beats and not finding.has_strip:
            return self._beats(context, finding, viewport)
        strip = self._services.strip(context, finding.id)
        if isinstance(strip, Missing):
            return parts.no_ecg(strip.reason), None
        if strip is None:
            return parts.no_ecg("This finding has no ECG strip."), finding.id
        theme, compact = THEMES[viewport["theme"]], bool(viewport["compact"])
        panel = parts.ecg_panel(strip, finding, self._zone(context), theme, compact=compact)
        return panel, finding.id

    def _beats(
        self, context: str, finding: Finding, viewport: Mapping[str, Any]
    ) -> tuple[Component, str | None]:
        read = self._services.beats(context, finding.id)
        if isinstance(read, Missing):
            return parts.no_ecg(read.reason), None
        if read is None:
            return parts.no_ecg("This finding has no ECG and no heart beats to show."), finding.id
        theme, compact = THEMES[viewport["theme"]], bool(viewport["compact"])
        return beats_panel(read, finding, self._zone(context), theme, compact=compact), finding.id

    def invite(self, path: str) -> Component:
        """A link for the patient, or why there is none."""
        context = self._services.open(path)
        return parts.invitation(self._services.invite(context), self._zone(context))

    def _zone(self, context: str) -> ZoneInfo:
        return ZoneInfo(self._services.timezone(context))

    def _look(
        self, path: str, days: int, viewport: Mapping[str, Any], *, fresh: bool = False
    ) -> Look:
        context = self._services.open(path)
        visit = str(viewport["visit"])[:_LONGEST_VISIT]
        return look(self._services, self._recent, context, visit, days, fresh=fresh)

    def _drawn(self, seen: Look, viewport: Mapping[str, Any]) -> tuple[TimelineData, View]:
        theme, compact = THEMES[viewport["theme"]], bool(viewport["compact"])
        return timeline_data(seen, self._clock()), View(seen.first, seen.last, theme, compact)
