"""What Google sums up of a wearer's civil days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sandbox.vendors.world import World
from sandbox.wearer.people import WEARERS

BASAL_KILOCALORIES = 1500
STEPS_A_MINUTE = 100

Value = dict[str, Any] | None


def rolled(world: World, path: str, user: str, day: date) -> Value:
    """Return the value of a day, None where nothing was measured."""
    if path == "heart-rate":
        return _rates(world, user, day)
    total = world.steps_total(user, day)
    return None if total is None else _OF_STEPS[path](total, user)


def _rates(world: World, user: str, day: date) -> Value:
    made = world.day(user, day)
    rates = made.rates[: made.slots_until(world.synced(user))]
    rates = rates[rates > 0]
    if not rates.size:
        return None
    statistics = {"Avg": rates.mean(), "Min": rates.min(), "Max": rates.max()}
    return {
        "heartRate": {
            f"beatsPerMinute{name}": round(float(value), 2) for name, value in statistics.items()
        }
    }


def _energy(steps: int, user: str) -> float:
    return round(steps * 0.0006 * WEARERS[user].weight, 1)


def _active_minutes(steps: int, user: str) -> Value:
    minutes = steps // STEPS_A_MINUTE
    levels = {"LIGHT": minutes - minutes // 4, "MODERATE": minutes // 4}
    listed = [
        {"activityLevel": level, "activeMinutesSum": str(sum_)} for level, sum_ in levels.items()
    ]
    return {"activeMinutes": {"activeMinutesRollupByActivityLevel": listed}}


def _sitting(steps: int, user: str) -> Value:
    return {"sedentaryPeriod": {"durationSum": f"{60 * (900 - steps // STEPS_A_MINUTE)}s"}}


_OF_STEPS: dict[str, Callable[[int, str], Value]] = {
    "steps": lambda steps, _: {"steps": {"countSum": str(steps)}},
    "distance": lambda steps, _: {"distance": {"millimetersSum": str(steps * 710)}},
    "floors": lambda steps, _: {"floors": {"countSum": str(steps // 900)}},
    "active-energy-burned": lambda steps, user: {
        "activeEnergyBurned": {"kcalSum": _energy(steps, user)}
    },
    "total-calories": lambda steps, user: {
        "totalCalories": {"kcalSum": BASAL_KILOCALORIES + _energy(steps, user)}
    },
    "active-zone-minutes": lambda steps, _: {
        "activeZoneMinutes": {
            "sumInFatBurnHeartZone": str(steps // 800),
            "sumInCardioHeartZone": str(steps // 4000),
            "sumInPeakHeartZone": "0",
        }
    },
    "active-minutes": _active_minutes,
    "sedentary-period": _sitting,
}
