"""Everything the page asks for, for the launch its address names and for no other."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask import g

from app import wearables as shown
from app.asking import Silence, asker, or_missing
from app.chart_reading import ChartReading
from app.contexts import ContextGone, LaunchContext
from app.guard import live_context
from app.memory import Memory
from app.parts import Parts
from clinical.chart import Background
from clinical.findings import Decision
from dashboards.services import (
    Banner,
    Beats,
    FindingsRead,
    Invitation,
    LaunchExpired,
    MedicationRead,
    Missing,
    Outcome,
    RhythmRead,
    Strip,
    WearableRead,
)
from safeguards.assertions import Signer
from safeguards.egress import Egress, Limits
from wearable_agg.client.api_client import ApiClient
from wearable_agg.client.errors import BackendError, NotAllowed, Stale

READING = Limits(connect=2.0, read=2.5, total=8.0)
"""A clinician sees within seconds which part is missing; deciding waits longer for its answer."""

CHART_SECONDS = 60.0
MISSING_SECONDS = 5.0
BY_BIRTH_DATE = "birth-date"
NO_BIRTH_DATE = "The chart has no date of birth, by which the patient could prove who they are."
FINDING = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class LaunchedServices:
    """Implements `dashboards.services.Services`; `api` reads, and `acts` does what people decide.

    Every method looks its context up again, for this browser's session, before it reads.
    """

    parts: Parts
    api: ApiClient
    acts: ApiClient
    chart: ChartReading
    memory: Memory
    silence: Silence = field(default_factory=Silence)

    @classmethod
    def over(cls, parts: Parts) -> LaunchedServices:
        """The services of a site."""
        url = parts.settings.api.url
        signer = Signer.open(parts.settings.keys)
        api = ApiClient(url, signer, Egress.to_own_service(url, READING))
        acts = ApiClient(url, signer, Egress.to_own_service(url))
        return cls(parts, api, acts, ChartReading(parts), Memory())

    def open(self, pathname: str) -> str:
        """See `Services`."""
        try:
            return live_context(self.parts, pathname).id
        except ContextGone as error:
            raise LaunchExpired from error

    def today(self, context: str) -> date:
        """See `Services`."""
        return datetime.now(ZoneInfo(self.timezone(context))).date()

    def timezone(self, context: str) -> str:
        """See `Services`."""
        return self._zone(self._launched(context)).key

    def banner(self, context: str) -> Banner | Missing:
        """See `Services`."""
        launched = self._launched(context)
        return self.memory.recall(
            (context, "banner"),
            lambda: self.chart.banner(launched, self._zone(launched)),
            _while_it_lasts,
        )

    def medications(self, context: str) -> MedicationRead | Missing:
        """See `Services`."""
        launched = self._launched(context)
        return self.memory.recall(
            (context, "medications"),
            lambda: self.chart.medications(launched, self._zone(launched)),
            _while_it_lasts,
        )

    def background(self, context: str) -> Background | Missing:
        """See `Services`."""
        launched = self._launched(context)
        return self.memory.recall(
            (context, "background"),
            lambda: self.chart.background(launched, self._zone(launched)),
            _while_it_lasts,
        )

    def wearables(self, context: str, first: date, last: date) -> WearableRead | Missing:
        """See `Services`."""
        who = asker(self._launched(context))

        def read() -> WearableRead:
            days, links = self.api.days(who, first, last), self.api.patient(who)
            return WearableRead(
                days.timezone,
                shown.days(days.days),
                shown.linked(links),
                shown.attention(self.api.work_items(who)),
            )

        return self.silence.or_missing(context, "Wearable data", read)

    def rhythm(self, context: str, first: date, last: date) -> RhythmRead | Missing:
        """See `Services`."""
        launched = self._launched(context)
        zone = self._zone(launched)
        start, end = (datetime.combine(day, time(), zone) for day in (first, last))

        def read() -> RhythmRead:
            return shown.rhythm(self.api.rhythm(asker(launched), start, end))

        return self.silence.or_missing(context, "Rhythm", read)

    def findings(self, context: str) -> FindingsRead | Missing:
        """See `Services`."""
        who = asker(self._launched(context))

        def read() -> FindingsRead:
            return shown.findings(self.api.findings(who))

        return self.silence.or_missing(context, "Findings", read)

    def strip(self, context: str, finding_id: str) -> Strip | Missing | None:
        """See `Services`."""
        who = asker(self._launched(context))
        if not FINDING.fullmatch(finding_id):
            return None
        found = self.silence.or_missing(context, "ECG", lambda: self.api.strip(who, finding_id))
        return found if found is None or isinstance(found, Missing) else shown.strip(found)

    def beats(self, context: str, finding_id: str) -> Beats | Missing | None:
        """See `Services`."""
        who = asker(self._launched(context))
        if not FINDING.fullmatch(finding_id):
            return None
        part = "Heart beats"
        found = self.silence.or_missing(context, part, lambda: self.api.beats(who, finding_id))
        return found if found is None or isinstance(found, Missing) else shown.beats(found)

    def decide(
        self, context: str, finding_id: str, decision: Decision, version: int, note: str
    ) -> Outcome:
        """See `Services`."""
        who = asker(self._launched(context))
        if not FINDING.fullmatch(finding_id):
            return Outcome.CHANGED
        if g.get("left_alone"):
            return Outcome.LEFT_ALONE
        act = f"{context}|{finding_id}|{decision}|{version}|{note}"
        key = hashlib.sha256(act.encode()).hexdigest()
        try:
            self.acts.decide(who, finding_id, decision, version, note, key)
        except Stale:
            return Outcome.CHANGED
        except NotAllowed:
            return Outcome.NOT_PERMITTED
        except BackendError:
            return Outcome.UNAVAILABLE
        return Outcome.RECORDED

    def operates(self, context: str) -> bool:
        """See `Services`."""
        launched = self._launched(context)
        return launched.facts.user in self.parts.settings.tenant(launched.tenant).operators

    def invite(self, context: str) -> Invitation | Missing:
        """See `Services`."""
        launched = self._launched(context)
        who, banner = asker(launched), self.banner(context)
        by_birth_date = self.parts.settings.tenant(launched.tenant).patient_proof == BY_BIRTH_DATE
        born = None if isinstance(banner, Missing) else banner.birth_date
        if by_birth_date and born is None:
            return Missing("Invitation", NO_BIRTH_DATE)
        found = or_missing("Invitation", lambda: self.acts.invite(who, born))
        return found if isinstance(found, Missing) else shown.invitation(found)

    def _launched(self, context: str) -> LaunchContext:
        """The live context; looked up once in a request."""
        known: dict[str, LaunchContext] = g.setdefault("contexts", {})
        if context not in known:
            try:
                known[context] = self.parts.contexts.find(context, g.session or "")
            except ContextGone as error:
                raise LaunchExpired from error
        return known[context]

    def _zone(self, launched: LaunchContext) -> ZoneInfo:
        """Where the patient lives; the hospital's zone where the backend does not say."""

        def read() -> str | Missing:
            who, part = asker(launched), "Time zone"
            return self.silence.or_missing(
                launched.id, part, lambda: self.api.patient(who).timezone
            )

        found = self.memory.recall((launched.id, "zone"), read, _while_it_lasts)
        fallback = self.parts.settings.tenant(launched.tenant).timezone
        return ZoneInfo(fallback if isinstance(found, Missing) else found)


def _while_it_lasts(read: object) -> float:
    return MISSING_SECONDS if isinstance(read, Missing) else CHART_SECONDS
