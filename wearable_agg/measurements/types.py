"""The types of measurement we keep: each with one unit, and one topic that consent speaks of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clinical import load
from wearable_agg.measurements.model import Measurement


@dataclass(frozen=True, slots=True)
class MeasurementType:
    """One type: its unit (UCUM), its topic of consent, and whether fine values are rolled up."""

    name: str
    unit: str
    topic: str
    rolled_up: bool = False


TOPICS = {
    "steps": "Steps",
    "heart_rate": "Heart rate",
    "resting_heart_rate": "Resting heart rate",
    "hrv": "Heart rate variability",
    "oxygen_saturation": "Oxygen saturation",
    "sleep": "Sleep and its stages",
}
"""What a person consents to when linking, by name, in the words shown to them."""

FURTHER_TOPICS = {
    "activity": "Distance, floors, energy and exercise",
    "body": "Weight and body composition",
    "blood_pressure": "Blood pressure",
    "temperature": "Body and skin temperature",
    "respiration": "Respiratory rate",
    "fitness": "Cardio fitness",
    "glucose": "Blood glucose",
    "rhythm": "ECG recordings and heart rhythm notices",
}
"""Further topics of consent, beyond those that the chart shows by the day."""

SLEEP_STAGES = ("deep", "light", "rem", "awake", "asleep")

TYPES = {
    kind.name: kind
    for kind in (
        MeasurementType("steps", "{steps}", "steps", rolled_up=True),
        MeasurementType("distance", "m", "activity"),
        MeasurementType("floors", "{flights}", "activity"),
        MeasurementType("active_energy", "kcal", "activity"),
        MeasurementType("total_energy", "kcal", "activity"),
        MeasurementType("activity_sedentary", "min", "activity"),
        MeasurementType("activity_light", "min", "activity"),
        MeasurementType("activity_moderate", "min", "activity"),
        MeasurementType("activity_intense", "min", "activity"),
        MeasurementType("activity_active", "min", "activity"),
        MeasurementType("active_zone_minutes", "min", "activity"),
        MeasurementType("exercise_time", "min", "activity"),
        MeasurementType("stand_hours", "h", "activity"),
        MeasurementType("workout", "min", "activity"),
        MeasurementType("workout_active_energy", "kcal", "activity"),
        MeasurementType("workout_distance", "m", "activity"),
        MeasurementType("workout_steps", "{steps}", "activity"),
        MeasurementType("workout_heart_rate_mean", "/min", "heart_rate"),
        MeasurementType("workout_heart_rate_min", "/min", "heart_rate"),
        MeasurementType("workout_heart_rate_max", "/min", "heart_rate"),
        MeasurementType("heart_rate", "/min", "heart_rate", rolled_up=True),
        MeasurementType("heart_rate_mean", "/min", "heart_rate"),
        MeasurementType("heart_rate_min", "/min", "heart_rate"),
        MeasurementType("heart_rate_max", "/min", "heart_rate"),
        MeasurementType("heart_rate_zone", "min", "heart_rate"),
        MeasurementType("resting_heart_rate", "/min", "resting_heart_rate"),
        MeasurementType("non_rem_heart_rate", "/min", "heart_rate"),
        MeasurementType("walking_heart_rate", "/min", "heart_rate"),
        MeasurementType("hrv", "ms", "hrv", rolled_up=True),
        MeasurementType("hrv_deep_sleep", "ms", "hrv"),
        MeasurementType("hrv_range_low", "ms", "hrv"),
        MeasurementType("hrv_range_high", "ms", "hrv"),
        MeasurementType("oxygen_saturation", "%", "oxygen_saturation", rolled_up=True),
        MeasurementType("oxygen_saturation_low", "%", "oxygen_saturation"),
        MeasurementType("oxygen_saturation_high", "%", "oxygen_saturation"),
        MeasurementType("respiratory_rate", "/min", "respiration"),
        *(MeasurementType(f"sleep_{stage}", "min", "sleep") for stage in SLEEP_STAGES),
        MeasurementType("sleep_stage", "min", "sleep"),
        MeasurementType("sleep_in_bed", "min", "sleep"),
        MeasurementType("sleep_latency", "min", "sleep"),
        MeasurementType("sleep_wake_up_latency", "min", "sleep"),
        MeasurementType("sleep_wake_after_onset", "min", "sleep"),
        MeasurementType("sleep_awakenings", "{count}", "sleep"),
        MeasurementType("sleep_rem_episodes", "{count}", "sleep"),
        MeasurementType("sleep_out_of_bed", "{count}", "sleep"),
        MeasurementType("sleep_efficiency", "%", "sleep"),
        MeasurementType("sleep_score", "{score}", "sleep"),
        MeasurementType("sleep_heart_rate_mean", "/min", "sleep"),
        MeasurementType("sleep_heart_rate_min", "/min", "sleep"),
        MeasurementType("sleep_heart_rate_max", "/min", "sleep"),
        MeasurementType("sleep_respiratory_rate_mean", "/min", "sleep"),
        MeasurementType("sleep_respiratory_rate_min", "/min", "sleep"),
        MeasurementType("sleep_respiratory_rate_max", "/min", "sleep"),
        MeasurementType("sleep_snoring", "min", "sleep"),
        MeasurementType("sleep_snoring_episodes", "{count}", "sleep"),
        MeasurementType("sleep_breathing_disturbances", "{score}", "sleep"),
        MeasurementType("apnea_hypopnea_index", "/h", "sleep"),
        MeasurementType("sleep_movement", "{score}", "sleep"),
        MeasurementType("weight", "kg", "body"),
        MeasurementType("height", "cm", "body"),
        MeasurementType("bmi", "kg/m2", "body"),
        MeasurementType("body_fat", "%", "body"),
        MeasurementType("fat_mass", "kg", "body"),
        MeasurementType("fat_free_mass", "kg", "body"),
        MeasurementType("muscle_mass", "kg", "body"),
        MeasurementType("bone_mass", "kg", "body"),
        MeasurementType("body_water", "kg", "body"),
        MeasurementType("extracellular_water", "kg", "body"),
        MeasurementType("intracellular_water", "kg", "body"),
        MeasurementType("visceral_fat", "{score}", "body"),
        MeasurementType("segmental_fat_free_mass", "kg", "body"),
        MeasurementType("segmental_fat_mass", "kg", "body"),
        MeasurementType("segmental_muscle_mass", "kg", "body"),
        MeasurementType("basal_metabolic_rate", "kcal/d", "body"),
        MeasurementType("metabolic_age", "a", "body"),
        MeasurementType("vascular_age", "a", "body"),
        MeasurementType("pulse_wave_velocity", "m/s", "body"),
        MeasurementType("nerve_health", "{score}", "body"),
        MeasurementType("electrodermal_activity", "uS", "body"),
        MeasurementType("skin_conductance", "uS", "body"),
        MeasurementType("blood_pressure_systolic", "mm[Hg]", "blood_pressure"),
        MeasurementType("blood_pressure_diastolic", "mm[Hg]", "blood_pressure"),
        MeasurementType("body_temperature", "Cel", "temperature"),
        MeasurementType("skin_temperature", "Cel", "temperature"),
        MeasurementType("skin_temperature_baseline", "Cel", "temperature"),
        MeasurementType("skin_temperature_spread", "Cel", "temperature"),
        MeasurementType("vo2_max", "mL/min/kg", "fitness"),
        MeasurementType("blood_glucose", "mg/dL", "glucose"),
        MeasurementType("atrial_fibrillation_burden", "%", "rhythm"),
        MeasurementType("qrs_duration", "ms", "rhythm"),
        MeasurementType("pr_interval", "ms", "rhythm"),
        MeasurementType("qt_interval", "ms", "rhythm"),
        MeasurementType("qtc_interval", "ms", "rhythm"),
    )
}

FUTURE = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours before its values are doubted."""

_WHOLE_DAY = timedelta(hours=22)


UNKNOWN_TYPE, WRONG_UNIT, NO_NUMBER = "unknown type", "wrong unit", "not a number"
BEYOND = "beyond what can be measured"


def flaw(one: Measurement, now: datetime) -> str:
    """Say of what kind a measurement's fault is, without any value of it; empty where it has none.

    A day's total ends at a midnight to come; everything else must have ended by `now` (aware UTC).
    """
    known = TYPES.get(one.type)
    if known is None:
        return UNKNOWN_TYPE
    if one.unit != known.unit:
        return WRONG_UNIT
    if not math.isfinite(one.value):
        return NO_NUMBER
    low, high = bounds(one.type)
    if not low <= one.value <= high:
        return BEYOND
    return doubtful_time(one.start, one.end, now)


def doubt(one: Measurement, now: datetime) -> str:
    """Say in full why a measurement is to be set apart, empty where there is no reason."""
    reason = flaw(one, now)
    if reason == UNKNOWN_TYPE:
        return f"unknown type {one.type}"
    if reason == WRONG_UNIT:
        return f"unit {one.unit}, not {TYPES[one.type].unit}"
    if reason == BEYOND:
        low, high = bounds(one.type)
        return f"{one.value:g} {one.unit} is {BEYOND} ({low:g} to {high:g})"
    return reason


def bounds(kind: str) -> tuple[float, float]:
    """Return what a value of a type can be at least and at most, in its unit."""
    low, high = load("plausible_values")["bounds"][kind]
    return low, high


def doubtful_time(start: datetime, end: datetime, now: datetime) -> str:
    """Say why a time is doubted: it is in the future, or ends before it starts."""
    if end < start:
        return "ends before it starts"
    whole_day = end - start >= _WHOLE_DAY
    if (start if whole_day else end) > now + FUTURE:
        return "in the future"
    return ""
