"""What the page needs from the rest of the product, stated by the page.

Every read may answer `Missing`: the page then names that part and shows the others. Instants are
aware UTC; days are the patient's local days. A `context` is one launch: one patient, one user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from clinical.chart import Background
from clinical.findings import Decision, FindingState
from clinical.medications import Lane
from clinical.verdicts import RhythmEvent


class LaunchExpired(Exception):
    """The launch has ended or is not this browser's: reopen the app from the chart."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that could not be read: `part` as the page names it, `reason` as a short sentence.

    `passing`: it may be there again in seconds.
    """

    part: str
    reason: str
    passing: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Banner:
    """Who the patient is. `required`: the EHR shows no banner of its own (need_patient_banner)."""

    name: str
    sex: str  # as shown: "F", "M", "other", "unknown"
    birth_date: date | None
    identifier: str  # medical record number, "" where the chart has none
    required: bool


@dataclass(frozen=True, slots=True)
class MedicationRead:
    """The drug lanes, and in `gaps` a sentence for each thing that could not be read."""

    lanes: tuple[Lane, ...]
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeartRate:
    """Heart rate of a day in bpm; `coverage` is the share of the day that has samples."""

    min: float
    max: float
    mean: float
    n: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Hrv:
    """Heart rate variability in ms; `statistic` is "RMSSD" or "SDNN": they do not compare."""

    value: float
    statistic: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """Hours of a night by stage; a device without stages gives `asleep` alone."""

    deep: float | None
    light: float | None
    rem: float | None
    awake: float | None
    asleep: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """What the wearables measured on one local day; None is "not measured", never zero."""

    date: date
    heart_rate: HeartRate | None = None
    resting_heart_rate: float | None = None  # bpm
    hrv: Hrv | None = None
    oxygen_saturation: float | None = None  # %
    sleep: Sleep | None = None
    steps: float | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkedVendor:
    """One linked account; `status` "active" or a word for why nothing arrives ("broken", ...).

    `unwell` says what is wrong with its sync, though it is active; `remarks` what one that is well
    cannot tell. While its history is still coming in, all is here from `fetched_back_to` on.
    `never_tells` names fields of `Day` that the vendor has no values for.
    """

    vendor: str
    name: str
    device: str
    status: str
    last_sync: datetime | None
    unwell: str = ""
    remarks: tuple[str, ...] = ()
    fetched_back_to: datetime | None = None
    never_tells: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The device, or the vendor where no device is known."""
        return self.device or self.name


@dataclass(frozen=True, slots=True)
class WearableRead:
    """Each local day of the window asked for, first to last, and the linked accounts."""

    timezone: str
    days: tuple[Day, ...]
    linked: tuple[LinkedVendor, ...]
    attention: tuple[str, ...] = ()  # what the care team has to settle, a sentence each


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch of possible atrial fibrillation; `end` None: still going on."""

    id: str
    start: datetime
    end: datetime | None
    detected_at: datetime
    mean_rate: float | None
    max_rate: float | None
    decider: str
    signal: str  # "ECG" or "PPG"


@dataclass(frozen=True, slots=True)
class Analysed:
    """How many seconds of a period were recorded, could be analysed, and were in AF."""

    recorded_seconds: float = 0.0
    analysed_seconds: float = 0.0
    af_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class RhythmRead:
    """Episodes that touch the window, and how much of it and of the equal period `before` counts.

    `events` are all verdicts on the rhythm, the latest first; `events_left_out` counts older ones.
    """

    episodes: tuple[Episode, ...]
    analysed: Analysed
    before: Analysed
    events: tuple[RhythmEvent, ...] = ()
    events_left_out: int = 0


@dataclass(frozen=True, slots=True)
class WriteState:
    """Is the finding in the chart?

    `state`: pending, sending, saved, waiting, held (by the site's rules), unsent (it is on our
    own list only) or failed. `unknown` names the facts about the patient that were not known when
    the site's rules were asked.
    """

    state: str
    at: datetime | None
    reason: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a finding, when, with which words."""

    decision: Decision
    by: str
    name: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding with its evidence; the fields are those of the API. `decisions`: oldest first.

    `probability` and `evidence`, by the names of config/clinical/explaining.toml, are those of the
    decision by which it was found. `has_strip` says that there is an ECG to look at, `has_beats`
    that there are heart beats, and `beats_alone` that there is no ECG and was none.
    """

    id: str
    kind: str
    state: FindingState
    onset: datetime
    end: datetime | None
    detected_at: datetime
    duration_seconds: float
    mean_rate: float | None
    max_rate: float | None
    coverage: float | None
    decider: str
    decider_version: str
    signal: str
    device: str
    severity: str  # a word of config/clinical/severity.toml
    has_strip: bool
    write: WriteState
    decisions: tuple[Decided, ...]
    version: int
    probability: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    has_beats: bool = False
    beats_alone: bool = False


@dataclass(frozen=True, slots=True)
class FindingsRead:
    """All findings of the patient, newest first."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """An ECG strip: `samples` in microvolt, `rate` per second, from `start` on."""

    start: datetime
    rate: float
    lead: str
    lead_code: str
    samples: Sequence[int]


class Beat(NamedTuple):
    """A heart beat: milliseconds from the start, and since the beat before where that is known.

    `ectopic` is what the device told, None where it told nothing.
    """

    offset: int
    interval: int | None
    ectopic: bool | None


@dataclass(frozen=True, slots=True)
class Beats:
    """Heart beats around the onset of what was found without an ECG."""

    start: datetime
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True)
class Invitation:
    """The address at which the patient links wearables, also as QR code (SVG).

    `code` is told to the patient in person, "" where they sign in at the EHR instead.
    """

    url: str
    expires_at: datetime
    qr: str
    code: str


class Outcome(StrEnum):
    """What became of a decision."""

    RECORDED = "recorded"
    CHANGED = "changed"  # the finding changed since the page read it: look again
    LEFT_ALONE = "left alone"  # nobody used the page for minutes: is it still this patient?
    WORDLESS = "wordless"  # a comment without words
    NOT_PERMITTED = "not permitted"
    UNAVAILABLE = "unavailable"  # nothing was saved; try again


class Services(Protocol):
    """Everything the page asks for. A part that fails answers Missing.

    Every method raises LaunchExpired where the context is not, or no longer, this browser's.
    """

    def open(self, pathname: str) -> str:
        """The context of "/c/<context>/" if it belongs to this browser, else LaunchExpired."""
        ...

    def today(self, context: str) -> date:
        """The calendar day it is now where the patient lives."""
        ...

    def timezone(self, context: str) -> str:
        """The IANA name of the patient's time zone (the tenant's where nothing else is known)."""
        ...

    def banner(self, context: str) -> Banner | Missing:
        """Who the patient is."""
        ...

    def medications(self, context: str) -> MedicationRead | Missing:
        """What the chart says the patient takes and took."""
        ...

    def background(self, context: str) -> Background | Missing:
        """What the chart says besides drugs: problems, allergies and the visits of a year."""
        ...

    def wearables(self, context: str, first: date, last: date) -> WearableRead | Missing:
        """Daily values from `first` to before `last`; no accounts and empty days where unlinked."""
        ...

    def rhythm(self, context: str, first: date, last: date) -> RhythmRead | Missing:
        """Episodes and analysed time from local midnight of `first` to that of `last`."""
        ...

    def findings(self, context: str) -> FindingsRead | Missing:
        """Findings, with their state in the chart. Called every few seconds: must be cheap."""
        ...

    def strip(self, context: str, finding_id: str) -> Strip | Missing | None:
        """The ECG behind a finding; None if it has none."""
        ...

    def beats(self, context: str, finding_id: str) -> Beats | Missing | None:
        """The heart beats behind a finding without an ECG; None if it has none."""
        ...

    def decide(
        self, context: str, finding_id: str, decision: Decision, version: int, note: str
    ) -> Outcome:
        """Decide about a finding as the signed-in user; repeating it changes nothing."""
        ...

    def operates(self, context: str) -> bool:
        """Whether the signed-in user may see what waits to be written (at /deliveries)."""
        ...

    def invite(self, context: str) -> Invitation | Missing:
        """A fresh link for the patient to connect a wearable."""
        ...
