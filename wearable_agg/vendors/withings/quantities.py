"""Withings' fields and types beside ours: the parser's tables and the coverage page's."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from wearable_agg.measurements.model import WORKOUT_VALUES
from wearable_agg.measurements.types import TYPES
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.capability import (
    DAY,
    EVENT,
    INTERVAL,
    NIGHT,
    POLL,
    SAMPLE,
    WEBHOOK,
    Capability,
    checked,
)
from wearable_agg.vendors.protocol import Tells
from wearable_agg.vendors.withings import kinds


@dataclass(frozen=True, slots=True)
class Quantity:
    """One field or measure type: ours = Withings' x `factor`."""

    type: str
    vendor_unit: str
    factor: Fraction = Fraction(1)
    statistic: str = ""
    whole: bool = False
    """Counted over the entry's duration, not measured at its moment."""
    unmeasured: int | None = None
    """What Withings writes where there was nothing to measure."""

    @property
    def unit(self) -> str:
        """Our unit (UCUM)."""
        return TYPES[self.type].unit

    def value(self, number: Part) -> float:
        """Return a number in our unit; raises Unusable."""
        exact = number.number()
        return float(exact) if self.factor == 1 else float(Fraction(exact) * self.factor)


_SECONDS = Fraction(1, 60)
_HUNDRED = Fraction(100)

DIASTOLIC, SYSTOLIC, PULSE, SPO2 = 9, 10, kinds.PULSE, kinds.SPO2
RESULT_OF_ECG, RESULT_OF_PULSE_WAVE = 130, 139
METHODS = {RESULT_OF_ECG: "ecg", RESULT_OF_PULSE_WAVE: "ppg"}

MEASURES = {
    1: Quantity("weight", "kg"),
    4: Quantity("height", "m", _HUNDRED),
    5: Quantity("fat_free_mass", "kg"),
    6: Quantity("body_fat", "%"),
    8: Quantity("fat_mass", "kg"),
    PULSE: Quantity("heart_rate", "/min"),
    12: Quantity("body_temperature", "Cel"),
    SPO2: Quantity("oxygen_saturation", "%"),
    71: Quantity("body_temperature", "Cel"),
    73: Quantity("skin_temperature", "Cel"),
    76: Quantity("muscle_mass", "kg"),
    77: Quantity("body_water", "kg"),
    88: Quantity("bone_mass", "kg"),
    91: Quantity("pulse_wave_velocity", "m/s"),
    123: Quantity("vo2_max", "mL/min/kg"),
    135: Quantity("qrs_duration", "ms"),
    136: Quantity("pr_interval", "ms"),
    137: Quantity("qt_interval", "ms"),
    138: Quantity("qtc_interval", "ms"),
    155: Quantity("vascular_age", "a"),
    167: Quantity("nerve_health", "score"),
    168: Quantity("extracellular_water", "kg"),
    169: Quantity("intracellular_water", "kg"),
    170: Quantity("visceral_fat", "score"),
    173: Quantity("segmental_fat_free_mass", "kg"),
    174: Quantity("segmental_fat_mass", "kg"),
    175: Quantity("segmental_muscle_mass", "kg"),
    196: Quantity("electrodermal_activity", "uS"),
    226: Quantity("basal_metabolic_rate", "kcal"),
    227: Quantity("metabolic_age", "a"),
    229: Quantity("skin_conductance", "uS"),
}
"""By measure type; real = value x 10^unit."""

SEGMENTAL = frozenset({173, 174, 175})
SITES = {
    0: "right wrist",
    1: "left wrist",
    2: "right arm",
    3: "left arm",
    4: "right foot",
    5: "left foot",
    6: "between legs",
    7: "whole body",
    8: "left part of body",
    9: "right part of body",
    10: "left leg",
    11: "right leg",
    12: "torso",
    13: "left hand",
    14: "right hand",
}
"""By `position` of a measure and `wearposition` of an ECG."""

ACTIVITY = {
    "steps": Quantity("steps", "count"),
    "distance": Quantity("distance", "m"),
    "elevation": Quantity("floors", "count"),
    "soft": Quantity("activity_light", "s", _SECONDS),
    "moderate": Quantity("activity_moderate", "s", _SECONDS),
    "intense": Quantity("activity_intense", "s", _SECONDS),
    "active": Quantity("activity_active", "s", _SECONDS),
    "calories": Quantity("active_energy", "kcal"),
    "totalcalories": Quantity("total_energy", "kcal"),
    "hr_average": Quantity("heart_rate_mean", "/min"),
    "hr_min": Quantity("heart_rate_min", "/min"),
    "hr_max": Quantity("heart_rate_max", "/min"),
    **{
        f"hr_zone_{zone}": Quantity("heart_rate_zone", "s", _SECONDS, statistic=f"zone {zone}")
        for zone in range(4)
    },
}

INTRADAY = {
    "heart_rate": Quantity("heart_rate", "/min"),
    "rmssd": Quantity("hrv", "ms", statistic="RMSSD"),
    "sdnn1": Quantity("hrv", "ms", statistic="SDNN"),
    "spo2_auto": Quantity("oxygen_saturation", "%"),
    "rr": Quantity("respiratory_rate", "/min"),
    "core_body_temperature": Quantity("body_temperature", "Cel"),
    "steps": Quantity("steps", "count", whole=True),
    "distance": Quantity("distance", "m", whole=True),
    "elevation": Quantity("floors", "count", whole=True),
    "calories": Quantity("active_energy", "kcal", whole=True),
}

NIGHT_FIELDS = {
    "deepsleepduration": Quantity("sleep_deep", "s", _SECONDS),
    "lightsleepduration": Quantity("sleep_light", "s", _SECONDS),
    "remsleepduration": Quantity("sleep_rem", "s", _SECONDS),
    "wakeupduration": Quantity("sleep_awake", "s", _SECONDS),
    "total_sleep_time": Quantity("sleep_asleep", "s", _SECONDS),
    "asleepduration": Quantity("sleep_asleep", "s", _SECONDS),
    "total_timeinbed": Quantity("sleep_in_bed", "s", _SECONDS),
    "sleep_latency": Quantity("sleep_latency", "s", _SECONDS),
    "wakeup_latency": Quantity("sleep_wake_up_latency", "s", _SECONDS),
    "waso": Quantity("sleep_wake_after_onset", "s", _SECONDS),
    "wakeupcount": Quantity("sleep_awakenings", "count"),
    "nb_rem_episodes": Quantity("sleep_rem_episodes", "count"),
    "out_of_bed_count": Quantity("sleep_out_of_bed", "count"),
    "sleep_efficiency": Quantity("sleep_efficiency", "ratio", _HUNDRED),
    "sleep_score": Quantity("sleep_score", "score"),
    "hr_average": Quantity("sleep_heart_rate_mean", "/min"),
    "hr_min": Quantity("sleep_heart_rate_min", "/min"),
    "hr_max": Quantity("sleep_heart_rate_max", "/min"),
    "rr_average": Quantity("sleep_respiratory_rate_mean", "/min"),
    "rr_min": Quantity("sleep_respiratory_rate_min", "/min"),
    "rr_max": Quantity("sleep_respiratory_rate_max", "/min"),
    "snoring": Quantity("sleep_snoring", "s", _SECONDS),
    "snoringepisodecount": Quantity("sleep_snoring_episodes", "count"),
    "breathing_disturbances_intensity": Quantity(
        "sleep_breathing_disturbances", "score", unmeasured=-1
    ),
    "apnea_hypopnea_index": Quantity("apnea_hypopnea_index", "/h", unmeasured=-1),
}
"""Where a night has both total_sleep_time and asleepduration, the first stands."""

DETAIL = {
    "hr": Quantity("heart_rate", "/min"),
    "rr": Quantity("respiratory_rate", "/min"),
    "rmssd": Quantity("hrv", "ms", statistic="RMSSD"),
    "sdnn_1": Quantity("hrv", "ms", statistic="SDNN"),
    "mvt_score": Quantity("sleep_movement", "score"),
}
"""Samples by epoch second inside the stretches of a night."""

STATES = {
    0: "awake",
    1: "light",
    2: "deep",
    3: "rem",
    4: "manual",
    5: "unspecified",
    15: "out_of_bed",
}

WORKOUT = {
    "calories": Quantity("active_energy", "kcal"),
    "distance": Quantity("distance", "m"),
    "steps": Quantity("steps", "count"),
    "elevation": Quantity("floors", "count"),
    "hr_average": Quantity("heart_rate_mean", "/min"),
    "hr_min": Quantity("heart_rate_min", "/min"),
    "hr_max": Quantity("heart_rate_max", "/min"),
}

_FETCHED = {
    (kind, field)
    for kind, known in kinds.KINDS.items()
    for name, fields in known.asked
    if name in ("data_fields", "meastypes")
    for field in fields.split(",")
}
_NOTIFIED = (WEBHOOK, POLL)


def _capabilities(
    fields: dict[str, Quantity] | dict[int, Quantity],
    action: str,
    granularity: str,
    kind: str = "",
) -> tuple[Capability, ...]:
    return tuple(
        Capability(
            type=one.type,
            vendor_name=f"{action} {field}",
            vendor_unit=one.vendor_unit,
            granularity=INTERVAL if one.whole else granularity,
            arrives=_NOTIFIED,
            statistic=one.statistic,
            fetched=(kind, str(field)) in _FETCHED,
        )
        for field, one in fields.items()
    )


def tells(kind: str) -> Tells:
    """Return what measures or nights tell of; measures carry ids, samples beside them do not."""
    if kind == kinds.MEASURES:
        pressures = ("blood_pressure_systolic", "blood_pressure_diastolic")
        types = {one.type for one in MEASURES.values()} | set(pressures)
        return Tells(frozenset((one, False) for one in types), named=True)
    if kind == kinds.SLEEP:
        return Tells(frozenset((one.type, False) for one in NIGHT_FIELDS.values()))
    return Tells()


CAPABILITIES = checked(
    "withings",
    (
        *_capabilities(MEASURES, "getmeas type", SAMPLE, kinds.MEASURES),
        Capability(
            "blood_pressure", "getmeas types 9, 10, 11", "mm[Hg]", SAMPLE, _NOTIFIED, fetched=True
        ),
        Capability("rhythm_verdict", "getmeas type 130 (ECG)", "", EVENT, _NOTIFIED, fetched=True),
        Capability("rhythm_verdict", "getmeas type 139 (PPG)", "", EVENT, _NOTIFIED, fetched=True),
        *_capabilities(ACTIVITY, "getactivity", DAY, kinds.ACTIVITY),
        *_capabilities(INTRADAY, "getintradayactivity", SAMPLE, kinds.INTRADAY),
        Capability("workout", "getworkouts", "s", EVENT, _NOTIFIED),
        *(
            Capability(
                f"workout_{one.type}", f"getworkouts {field}", one.vendor_unit, EVENT, _NOTIFIED
            )
            for field, one in WORKOUT.items()
            if one.type in WORKOUT_VALUES
        ),
        *_capabilities(NIGHT_FIELDS, "sleep getsummary", NIGHT, kinds.SLEEP),
        Capability("sleep_stage", "sleep get", "", NIGHT, _NOTIFIED),
        *_capabilities(DETAIL, "sleep get", SAMPLE),
        Capability("ecg", "heart list, heart get", "uV", EVENT, _NOTIFIED, fetched=True),
        Capability("blood_pressure", "heart list", "mm[Hg]", SAMPLE, _NOTIFIED, fetched=True),
    ),
)
