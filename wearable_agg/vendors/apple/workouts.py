"""Values of workouts, as exports and companion apps name them."""

from __future__ import annotations

from collections.abc import Mapping

from wearable_agg.vendors.apple.quantities import IDENTIFIERS
from wearable_agg.vendors.apple.values import value_of

TOTALS = (
    ("duration", "durationUnit", "duration", "s"),
    ("totalDistance", "totalDistanceUnit", "distance", "m"),
    ("totalEnergyBurned", "totalEnergyBurnedUnit", "active_energy", "kcal"),
)
"""Attributes of a Workout: value, unit, our name, our unit."""

PUSHED = {
    "duration": ("duration", "s"),
    "activeEnergyBurned": ("active_energy", "kcal"),
    "basalEnergyBurned": ("basal_energy", "kcal"),
    "distance": ("distance", "m"),
    "steps": ("steps", "{steps}"),
    "minHeartRate": ("heart_rate_min", "/min"),
    "averageHeartRate": ("heart_rate_mean", "/min"),
    "maxHeartRate": ("heart_rate_max", "/min"),
    "elevationAscended": ("elevation_ascended", "m"),
    "averageMETs": ("metabolic_equivalents", "kcal/kg/h"),
    "weatherTemperature": ("weather_temperature", "Cel"),
    "weatherHumidity": ("weather_humidity", "%"),
}
"""Values of a pushed workout: our name and unit; percentages are percent here."""

_STATISTICS = {"sum": "", "average": "_mean", "minimum": "_min", "maximum": "_max"}


def statistics(row: Mapping[str, str], path: str) -> dict[str, tuple[float, str]]:
    """Read a WorkoutStatistics; nothing for a type that we do not keep. Raises Unusable."""
    known = IDENTIFIERS.get(row.get("type", ""))
    if known is None:
        return {}
    unit = row.get("unit", "")
    return {
        f"{known.type}{suffix}": (value_of(row[name], unit, known, f"{path}/@{name}"), known.unit)
        for name, suffix in _STATISTICS.items()
        if name in row
    }
