"""One look at a patient: every part read once, what is missing kept beside what is there."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import pandas as pd

from clinical.measures import NotEnoughData
from clinical.medications import Lane
from clinical.response import baseline
from clinical.verdicts import RhythmEvent
from dashboards import words
from dashboards.figures.view import LONGEST, TimelineData
from dashboards.recent import Recent, Wearables
from dashboards.series import Gap, between, dates, gaps
from dashboards.services import (
    LinkedVendor,
    MedicationRead,
    Missing,
    RhythmRead,
    Services,
    WearableRead,
)

_LIVE_STEP_SECONDS = 300
RANGES = {"14": "2 wk", "30": "1 mo", "90": "3 mo", "365": "1 yr"}


@dataclass(frozen=True)
class Look:
    """All parts for one range: `days` long up to and with `today`, and the equal period before."""

    today: date
    days: int
    zone: ZoneInfo
    medications: MedicationRead | Missing
    wearables: WearableRead | Missing
    rhythm: RhythmRead | Missing
    frame: pd.DataFrame  # both periods of the longest range
    days_digest: str  # equal for equal days

    @property
    def first(self) -> date:
        """The first day of the range."""
        return self.last - timedelta(days=self.days)

    @property
    def last(self) -> date:
        """The day after the range."""
        return self.today + timedelta(days=1)

    @cached_property
    def now(self) -> pd.DataFrame:
        """The days of the range."""
        return between(self.frame, self.first, self.last)

    @cached_property
    def before(self) -> pd.DataFrame:
        """The days of the equal period before it."""
        return between(self.frame, self.first - timedelta(days=self.days), self.first)

    @cached_property
    def gaps(self) -> list[Gap]:
        """The stretches of the range that are shown as not worn."""
        return gaps(self.now, self.today, self.known_from)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The drug lanes, none where they are missing."""
        return self.medications.lanes if isinstance(self.medications, MedicationRead) else ()

    @property
    def linked(self) -> tuple[LinkedVendor, ...]:
        """The linked accounts, none where they are missing."""
        return self.wearables.linked if isinstance(self.wearables, WearableRead) else ()

    @property
    def is_linked(self) -> bool:
        """Whether any account still belongs to the patient, working or not."""
        return any(account.status != "unlinked" for account in self.linked)

    @property
    def known_from(self) -> date | None:
        """The first day with everything there is, while history is coming in; else None."""
        coming = [one.fetched_back_to for one in self.linked if one.fetched_back_to]
        return words.local(max(coming), self.zone).date() + timedelta(days=1) if coming else None

    def unmeasured(self, name: str) -> str:
        """The devices of a patient of which none can tell a field of `Day`; "" where one can."""
        linked = [one for one in self.linked if one.status != "unlinked"]
        if any(name not in one.never_tells for one in linked):
            return ""
        return " or ".join(dict.fromkeys(one.called for one in linked))

    @property
    def single_verdicts(self) -> tuple[RhythmEvent, ...]:
        """Verdicts on the rhythm that are not an episode."""
        if isinstance(self.rhythm, Missing):
            return ()
        drawn = {(episode.decider, episode.start) for episode in self.rhythm.episodes}
        return tuple(one for one in self.rhythm.events if (one.decider, one.start) not in drawn)

    @property
    def missing(self) -> list[Missing]:
        """The parts that could not be read."""
        parts = (self.medications, self.wearables, self.rhythm)
        return [part for part in parts if isinstance(part, Missing)]

    @property
    def is_passing(self) -> bool:
        """Whether a part is missing that may be there again in seconds."""
        return any(part.passing for part in self.missing)

    @property
    def digest(self) -> str:
        """Equal for looks that draw the same; live ECG counts in steps of five minutes."""
        rhythm: object = self.rhythm
        if isinstance(self.rhythm, RhythmRead):
            analysed = self.rhythm.analysed.analysed_seconds // _LIVE_STEP_SECONDS
            rhythm = (self.rhythm.episodes, self.rhythm.events, analysed)
        parts = (
            self.today,
            self.days,
            self.medications,
            self.days_digest,
            self.linked == (),
            self.known_from,
            rhythm,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    @property
    def resting(self) -> dict[date, float]:
        """Resting heart rate (bpm) of every day that has one."""
        known = self.frame["resting"].dropna()
        return dict(zip(dates(known), known.tolist(), strict=True))


def look(
    services: Services, recent: Recent, context: str, visit: str, days: int, *, fresh: bool = False
) -> Look:
    """Read all parts, `fresh` ones on demand; a part that fails is Missing, not an exception."""
    today, length = services.today(context), timedelta(days=days)
    last = today + timedelta(days=1)
    first = last - timedelta(days=2 * LONGEST)
    found = recent.wearables(context, visit, first, last, fresh=fresh)
    wearables = Wearables.of(found) if isinstance(found, Missing) else found
    return Look(
        today=today,
        days=days,
        zone=ZoneInfo(services.timezone(context)),
        medications=recent.medications(context, visit, fresh=fresh),
        wearables=wearables.read,
        rhythm=services.rhythm(context, last - length, last),
        frame=wearables.frame,
        days_digest=wearables.digest,
    )


def timeline_data(seen: Look, now: datetime) -> TimelineData:
    """What the timeline draws of a look, with the sentences for what is not there."""
    found = baseline(seen.lanes, seen.resting)
    rhythm = seen.rhythm
    return TimelineData(
        lanes=seen.lanes,
        frame=seen.now,
        gaps=seen.gaps,
        episodes=rhythm.episodes if isinstance(rhythm, RhythmRead) else (),
        zone=seen.zone,
        now=now,
        baseline=None if isinstance(found, NotEnoughData) else found.value,
        no_medications=_no_medications(seen),
        no_wearables=_no_wearables(seen),
        no_rhythm="Not available now" if isinstance(rhythm, Missing) else "",
        verdicts=seen.single_verdicts,
        known_from=seen.known_from,
    )


def _no_medications(seen: Look) -> str:
    if isinstance(seen.medications, Missing):
        return "Medications could not be read"
    if seen.medications.gaps:
        return "No medications in the part of the record that could be read"
    return "No medications on record"


def _no_wearables(seen: Look) -> str:
    if isinstance(seen.wearables, Missing):
        return "Wearable data could not be read"
    if not seen.is_linked:
        return "No wearable linked"
    if seen.known_from:
        return words.HISTORY_COMING
    return "No wearable data in this time range"
