"""What one measurement, one sleep stage, one ECG or one rhythm notice is, whoever it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

LONGEST_WORD = 40
"""How much is kept of a vendor's word for a stage or an activity."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value with its unit (UCUM) over [start, end), aware UTC.

    A daily total runs from local midnight to local midnight. `offset_seconds` is the vendor's UTC
    offset where it gave one; `method` is passive, active, manual, derived or unknown; `statistic`
    tells values of one type apart: RMSSD or SDNN for a heart-rate variability, the body site of a
    segmental mass, the sleep that a respiratory rate is of. `told_at` is when the vendor made or
    last changed the value, where it says so: of two values for one time the later told counts.
    """

    type: str
    value: float
    unit: str
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    method: str
    vendor_id: str
    statistic: str = ""
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """One reading of a cuff, in mm[Hg]; `pulse` is the rate (/min) the cuff counted with it."""

    systolic: float
    diastolic: float
    pulse: float | None
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    method: str
    vendor_id: str

    def measurements(self) -> list[Measurement]:
        """Return the reading's values one by one, all with its time and vendor id."""
        values = [
            ("blood_pressure_systolic", self.systolic, "mm[Hg]"),
            ("blood_pressure_diastolic", self.diastolic, "mm[Hg]"),
        ]
        if self.pulse is not None:
            values.append(("heart_rate", self.pulse, "/min"))
        return _measured(self, values, self.method, self.vendor_id)


@dataclass(frozen=True, slots=True)
class SleepStage:
    """One stretch of one stage: deep, light, rem, awake, asleep, restless, in_bed or out_of_bed.

    `session_id` is the vendor's id of the night it is a part of, where it says so.
    """

    stage: str
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    vendor_id: str
    session_id: str = ""

    def measurements(self) -> list[Measurement]:
        """Return the stretch as its minutes; the statistic is the stage."""
        minutes = (self.end - self.start).total_seconds() / 60
        values = [("sleep_stage", minutes, "min")]
        return _measured(self, values, "passive", self.session_id or self.vendor_id, self.stage)


@dataclass(frozen=True, slots=True)
class EcgSignal:
    """A single-lead waveform: microvolts = samples x `microvolts_per_count`, `rate` in Hz.

    `lead` is "I" where the vendor's device records it, empty where that is not known; `site` is
    where the device was worn.
    """

    rate: float
    lead: str
    microvolts_per_count: float
    samples: tuple[float, ...] = field(repr=False)
    site: str = ""

    @property
    def seconds(self) -> float:
        """How long the waveform is."""
        return len(self.samples) / self.rate

    def microvolts(self) -> tuple[float, ...]:
        """Return the samples in microvolts."""
        scale = self.microvolts_per_count
        return tuple(sample * scale for sample in self.samples)


@dataclass(frozen=True, slots=True)
class EcgRecording:
    """A recording a person took, with the vendor's verdict: a screening result, no diagnosis.

    `verdict` is one of config/clinical/verdicts.toml, `vendor_verdict` the vendor's own word.
    `signal` is None where the waveform is absent or cannot be scaled; `flaw` then says why. With
    a signal, `flaw` says what is missing in it: it cannot be analysed. `algorithm` is the version
    of what decided, as far as the vendor tells it.
    """

    verdict: str
    vendor_verdict: str
    mean_heart_rate: float | None
    signal: EcgSignal | None
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    vendor_id: str
    flaw: str = ""
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat's time (aware UTC) and the rate (/min) it stands for."""

    at: datetime
    rate: float


@dataclass(frozen=True, slots=True)
class AlertWindow:
    """One stretch that a rhythm notice was raised from."""

    start: datetime
    end: datetime
    offset_seconds: int | None
    positive: bool
    beats: tuple[Beat, ...] = ()


@dataclass(frozen=True, slots=True)
class RhythmNotification:
    """The vendor told the person of a rhythm: `rhythm` is irregular, high_rate or low_rate.

    `threshold` is the rate (/min) that was crossed, where it was one. `algorithm` is the version of
    what decided, as far as the vendor tells it.
    """

    rhythm: str
    windows: tuple[AlertWindow, ...]
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    vendor_id: str
    threshold: float | None = None
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class RhythmVerdict:
    """A verdict on atrial fibrillation without its waveform; `method` is ecg or ppg."""

    verdict: str
    vendor_verdict: str
    method: str
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    vendor_id: str


WORKOUT_VALUES = (
    *("active_energy", "distance", "steps"),
    *("heart_rate_mean", "heart_rate_min", "heart_rate_max"),
)
"""What is kept of a workout besides its minutes, by the name in Workout.values."""


@dataclass(frozen=True, slots=True)
class Workout:
    """One session of exercise; `values` holds (value, unit) by name.

    `duration` among them is how long the person was active, where the vendor tells it.
    """

    activity: str
    values: Mapping[str, tuple[float, str]]
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    vendor_id: str
    method: str = "unknown"

    def measurements(self) -> list[Measurement]:
        """Return the active minutes and what is kept besides; the statistic is the activity."""
        seconds, _ = self.values.get("duration", ((self.end - self.start).total_seconds(), "s"))
        told = {name: self.values[name] for name in WORKOUT_VALUES if name in self.values}
        values = [("workout", seconds / 60, "min")]
        values += [(f"workout_{name}", *one) for name, one in told.items()]
        return _measured(self, values, self.method, self.vendor_id, self.activity)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The vendor says that what it told under this id is deleted."""

    source: str
    vendor_id: str


@dataclass(frozen=True, slots=True)
class VendorFeature:
    """Whether a function of the vendor's is at work for the person, who may have to switch it on.

    `name` is what it tells of; of one that is off, silence says nothing.
    """

    source: str
    name: str
    at_work: bool


Record = (
    Measurement
    | BloodPressure
    | SleepStage
    | EcgRecording
    | RhythmNotification
    | RhythmVerdict
    | Workout
    | Withdrawn
    | VendorFeature
)
"""Everything about a person's body that a vendor can tell."""


def _measured(
    stretch: BloodPressure | SleepStage | Workout,
    values: Iterable[tuple[str, float, str]],
    method: str,
    vendor_id: str,
    statistic: str = "",
) -> list[Measurement]:
    """Return (type, value, unit) each as a measurement of the stretch."""
    return [
        Measurement(
            *one,
            start=stretch.start,
            end=stretch.end,
            offset_seconds=stretch.offset_seconds,
            source=stretch.source,
            device=stretch.device,
            method=method,
            vendor_id=vendor_id,
            statistic=statistic[:LONGEST_WORD],
        )
        for one in values
    ]
