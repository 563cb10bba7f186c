"""Apple's types beside ours: the parsers' tables and the coverage page's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wearable_agg.measurements.types import TYPES
from wearable_agg.vendors.capability import (
    DAY,
    EVENT,
    FILE,
    INTERVAL,
    NIGHT,
    PUSH,
    SAMPLE,
    Capability,
    checked,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One type; `fraction` says that HealthKit's "%" is a share of one."""

    type: str
    vendor_unit: str
    shape: str = SAMPLE
    statistic: str = ""
    fraction: bool = False

    @property
    def unit(self) -> str:
        """Our unit (UCUM)."""
        return TYPES[self.type].unit


QUANTITY, CATEGORY = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
SYSTOLIC, DIASTOLIC = f"{QUANTITY}BloodPressureSystolic", f"{QUANTITY}BloodPressureDiastolic"
SLEEP = f"{CATEGORY}SleepAnalysis"

_NAMES = {
    "StepCount": Quantity("steps", "count", INTERVAL),
    "DistanceWalkingRunning": Quantity("distance", "km, mi", INTERVAL),
    "FlightsClimbed": Quantity("floors", "count", INTERVAL),
    "ActiveEnergyBurned": Quantity("active_energy", "kcal, kJ", INTERVAL),
    "AppleExerciseTime": Quantity("exercise_time", "min", INTERVAL),
    "HeartRate": Quantity("heart_rate", "count/min"),
    "RestingHeartRate": Quantity("resting_heart_rate", "count/min"),
    "WalkingHeartRateAverage": Quantity("walking_heart_rate", "count/min"),
    "HeartRateVariabilitySDNN": Quantity("hrv", "ms", statistic="SDNN"),
    "HeartRateVariabilityRMSSD": Quantity("hrv", "ms", statistic="RMSSD"),
    "OxygenSaturation": Quantity("oxygen_saturation", "% as a share of one", fraction=True),
    "RespiratoryRate": Quantity("respiratory_rate", "count/min"),
    "VO2Max": Quantity("vo2_max", "mL/min·kg"),
    "BodyMass": Quantity("weight", "kg, lb"),
    "LeanBodyMass": Quantity("fat_free_mass", "kg, lb"),
    "BodyMassIndex": Quantity("bmi", "count"),
    "BodyFatPercentage": Quantity("body_fat", "% as a share of one", fraction=True),
    "Height": Quantity("height", "cm, ft"),
    "BodyTemperature": Quantity("body_temperature", "degC, degF"),
    "AppleSleepingWristTemperature": Quantity("skin_temperature", "degC, degF", NIGHT),
    "BloodGlucose": Quantity("blood_glucose", "mg/dL, mmol/L"),
    "AtrialFibrillationBurden": Quantity(
        "atrial_fibrillation_burden", "% as a share of one", INTERVAL, fraction=True
    ),
}
IDENTIFIERS: Mapping[str, Quantity] = {f"{QUANTITY}{name}": one for name, one in _NAMES.items()}
"""By HealthKit's identifier, in exports and in companion pushes."""

RHYTHM_EVENTS = {
    f"{CATEGORY}IrregularHeartRhythmEvent": "irregular",
    f"{CATEGORY}HighHeartRateEvent": "high_rate",
    f"{CATEGORY}LowHeartRateEvent": "low_rate",
}

SUMMARY = {
    "activeEnergyBurned": Quantity("active_energy", "kcal, kJ", DAY),
    "appleExerciseTime": Quantity("exercise_time", "min", DAY),
    "appleStandHours": Quantity("stand_hours", "h", DAY),
}
"""Attributes of an export's ActivitySummary."""

STAGES = {
    "inbed": "in_bed",
    "asleep": "asleep",
    "asleepunspecified": "asleep",
    "unspecified": "asleep",
    "awake": "awake",
    "asleepcore": "light",
    "core": "light",
    "light": "light",
    "asleepdeep": "deep",
    "deep": "deep",
    "asleeprem": "rem",
    "rem": "rem",
    "0": "in_bed",
    "1": "asleep",
    "2": "awake",
    "3": "light",
    "4": "deep",
    "5": "rem",
}
"""By HKCategoryValueSleepAnalysis, its number, or a companion app's word, in lower case."""

AUTO_EXPORT = {
    "step_count": "StepCount",
    "walking_running_distance": "DistanceWalkingRunning",
    "flights_climbed": "FlightsClimbed",
    "active_energy": "ActiveEnergyBurned",
    "apple_exercise_time": "AppleExerciseTime",
    "heart_rate": "HeartRate",
    "resting_heart_rate": "RestingHeartRate",
    "walking_heart_rate_average": "WalkingHeartRateAverage",
    "heart_rate_variability": "HeartRateVariabilitySDNN",
    "blood_oxygen_saturation": "OxygenSaturation",
    "respiratory_rate": "RespiratoryRate",
    "vo2_max": "VO2Max",
    "vo2max": "VO2Max",
    "weight_body_mass": "BodyMass",
    "lean_body_mass": "LeanBodyMass",
    "body_mass_index": "BodyMassIndex",
    "body_fat_percentage": "BodyFatPercentage",
    "height": "Height",
    "body_temperature": "BodyTemperature",
    "apple_sleeping_wrist_temperature": "AppleSleepingWristTemperature",
    "blood_glucose": "BloodGlucose",
    "atrial_fibrillation_burden": "AtrialFibrillationBurden",
}
"""Health Auto Export's names of HealthKit's types; its percentages are percent already."""

_OF_RATES = ("min", "mean", "max")

_RECORDS = (
    ("blood_pressure", "Correlation BloodPressure", "mm[Hg]", SAMPLE, (FILE, PUSH)),
    ("sleep_stage", "SleepAnalysis", "", NIGHT, (FILE, PUSH)),
    *(
        (f"sleep_{stage}", "sleep_analysis (Health Auto Export)", "h", NIGHT, (PUSH,))
        for stage in ("deep", "light", "rem", "awake", "asleep", "in_bed")
    ),
    *(
        (f"heart_rate_{of}", "heart_rate (Health Auto Export)", "/min", INTERVAL, (PUSH,))
        for of in _OF_RATES
    ),
    ("rhythm_notification", "Irregular, High or Low HeartRate Event", "", EVENT, (FILE, PUSH)),
    ("ecg", "ECG CSV, HKElectrocardiogram", "uV, V", EVENT, (FILE, PUSH)),
    *(
        (kind, f"Workout {what}", unit, EVENT, (FILE, PUSH))
        for kind, what, unit in (
            ("workout", "duration", "min"),
            ("workout_active_energy", "energy burned", "kcal, kJ"),
            ("workout_distance", "distance", "km, mi"),
            ("workout_steps", "steps", "count"),
            *((f"workout_heart_rate_{of}", f"{of} heart rate", "/min") for of in _OF_RATES),
        )
    ),
)

CAPABILITIES = checked(
    "apple",
    (
        *(
            Capability(one.type, name, one.vendor_unit, one.shape, (FILE, PUSH), one.statistic)
            for name, one in _NAMES.items()
        ),
        *(
            Capability(one.type, f"ActivitySummary {name}", one.vendor_unit, DAY, (FILE,))
            for name, one in SUMMARY.items()
        ),
        *(Capability(*row) for row in _RECORDS),
    ),
)


def stage_of(word: str) -> str:
    """Return our stage of a word; one that is not known keeps itself, in lower case."""
    key = "".join(word.split()).lower().removeprefix("hkcategoryvaluesleepanalysis")
    return STAGES.get(key, key)
