"""The types of measurement we keep: each with one unit, and one topic that consent speaks of."""

from __future__ import annotations

from dataclasses import dataclass


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
"""What a person consents to, by name, in the words shown to them."""

SLEEP_STAGES = ("deep", "light", "rem", "awake", "asleep")

TYPES = {
    kind.name: kind
    for kind in (
        MeasurementType("steps", "{steps}", "steps", rolled_up=True),
        MeasurementType("heart_rate", "/min", "heart_rate", rolled_up=True),
        MeasurementType("resting_heart_rate", "/min", "resting_heart_rate"),
        MeasurementType("hrv", "ms", "hrv", rolled_up=True),
        MeasurementType("oxygen_saturation", "%", "oxygen_saturation", rolled_up=True),
        *(MeasurementType(f"sleep_{stage}", "min", "sleep") for stage in SLEEP_STAGES),
    )
}
