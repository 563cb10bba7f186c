"""The backend's answers about a patient. Instants are aware UTC; days are the patient's local days.

The API's document describes its answers by these types: a dataclass is a JSON object, a named
tuple an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from clinical.findings import Decision, FindingState

CalendarDay = date  # the name of a field hides the name of its type


@dataclass(frozen=True, slots=True)
class SyncHealth:
    """How a wearable's sync is: well, unwell or ended.

    `reason` says what is wrong, or that consent ended, or is ""; `remarks` what a wearable that is
    well cannot tell.
    """

    state: str
    reason: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked wearable; `status` is active, broken (link anew) or unlinked.

    While the history from before the link is still being fetched, everything is here from
    `fetched_back_to` on; null once all of it is. `never_tells` names what of a local day the
    vendor cannot tell.
    """

    vendor: str
    name: str
    device: str
    status: str
    last_sync: datetime | None
    health: SyncHealth
    fetched_back_to: datetime | None
    never_tells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientLinks:
    """What the backend knows of the patient; `person` is False where it knows nothing."""

    linked: tuple[Linked, ...]
    timezone: str
    person: bool


@dataclass(frozen=True, slots=True)
class HeartRate:
    """Heart rate of a day in beats per minute; `coverage` is the share of the day, 0 to 1."""

    min: float
    max: float
    mean: float
    n: int
    coverage: float


@dataclass(frozen=True, slots=True)
class Hrv:
    """Heart rate variability in ms; `statistic` is RMSSD or SDNN: they do not compare."""

    value: float
    statistic: str


@dataclass(frozen=True, slots=True)
class Sleep:
    """Hours of the night that ended on the day; a stage that the vendor does not tell is None."""

    deep: float | None
    light: float | None
    rem: float | None
    awake: float | None
    asleep: float | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which source a type of a day is taken from, and which told it too: never summed."""

    type: str
    source: str
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """One local day; None is "not measured". Heart rates in bpm, saturation in %."""

    date: CalendarDay
    heart_rate: HeartRate | None
    resting_heart_rate: float | None
    hrv: Hrv | None
    oxygen_saturation: float | None
    sleep: Sleep | None
    steps: float | None
    sources: tuple[str, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """Every day of the window asked for; `withheld` names types kept but not consented to."""

    timezone: str
    days: tuple[Day, ...]
    withheld: tuple[str, ...]


class Bucket(NamedTuple):
    """The values of one stretch of `Buckets.level_seconds`; `start` in seconds since 1970, UTC."""

    start: int
    n: int
    min: float
    mean: float
    max: float


@dataclass(frozen=True, slots=True)
class Buckets:
    """A window in at most 900 stretches; where nothing was measured there is none."""

    level_seconds: int
    buckets: tuple[Bucket, ...]


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
    signal: str


@dataclass(frozen=True, slots=True)
class RhythmEvent:
    """One verdict on a rhythm, by whomever: a vendor's on its own recording, or ours.

    `meaning` is a word of config/clinical/verdicts.toml, `text` a sentence for people and `said`
    the decider's own word. `signal` is ECG or PPG, and `beats_alone` says that only the times of
    beats were known, without an ECG or a pulse wave. `end` None: still going on. `severity` is ""
    for what asks for no look; one on beats alone or the pulse never has that of an ECG.
    `probability` (0 to 1) is None for single recordings and for beats alone: there it is not
    calibrated.
    """

    meaning: str
    text: str
    start: datetime
    end: datetime | None
    signal: str
    beats_alone: bool
    decider: str
    decided_by: str
    version: str
    investigational: bool
    said: str
    device: str
    probability: float | None
    severity: str


@dataclass(frozen=True, slots=True)
class Analysed:
    """How many seconds of a period were recorded, could be analysed, and were in AF."""

    recorded_seconds: float
    analysed_seconds: float
    af_seconds: float


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Episodes, and how many seconds were recorded, could be analysed, and were in AF.

    `before` tells the seconds of the equal period before. `events` are all verdicts on the rhythm,
    the latest first, episodes among them; what asks for a look comes before the rest where there
    are too many, and `events_left_out` counts those.
    """

    episodes: tuple[Episode, ...]
    events: tuple[RhythmEvent, ...]
    events_left_out: int
    recorded_seconds: float
    analysed_seconds: float
    af_seconds: float
    before: Analysed


@dataclass(frozen=True, slots=True)
class Write:
    """How far a finding has come into the chart.

    `state`: pending, sending, saved, waiting, held (by the site's rules, for now), unsent (kept out
    of the chart, it stands on our own list) or failed. `unknown` names the facts about the patient
    ("birth date", "problem list") that were not known when the site's rules were asked.
    """

    state: str
    at: datetime | None
    reason: str
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a finding, and when."""

    decision: Decision
    by: str
    name: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A number behind a decision, by its name in config/clinical/explaining.toml."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding with what speaks for it; `version` is to be given back when deciding.

    `severity` orders attention: what rests on beats alone or the pulse never has that of an ECG.
    `probability` (0 to 1, None where the decider gives none) and `evidence` are those of the
    decision by which it was found. `has_strip` says that there is an ECG to look at, `has_beats`
    that there are heart beats, and `beats_alone` that it was found without an ECG and there is
    none. `decisions`: the first one first.
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
    coverage: float
    decider: str
    decider_version: str
    signal: str
    device: str
    probability: float | None
    evidence: tuple[Reason, ...]
    severity: str
    has_strip: bool
    has_beats: bool
    beats_alone: bool
    write: Write
    decisions: tuple[Decided, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of the patient, the latest first; `next` is the cursor of the following page."""

    findings: tuple[Finding, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Strip:
    """A stretch of ECG: samples in `unit` (uV), `rate` a second, from `start`."""

    start: datetime
    rate: float
    lead: str
    lead_code: str
    unit: str
    samples: tuple[float, ...]


class Beat(NamedTuple):
    """A heart beat: when, in `Beats.unit` from `Beats.start`.

    `interval` is the time since the beat before, null where beats may be missing between the two.
    `ectopic` is what the device told of it, null where it told nothing.
    """

    offset: int
    interval: int | None
    ectopic: bool | None


@dataclass(frozen=True, slots=True)
class Beats:
    """Heart beats around the onset of what was found without an ECG; `unit` is ms."""

    start: datetime
    unit: str
    beats: tuple[Beat, ...]
