"""Google's data types and fields beside ours: the parser's table and the coverage page's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from wearable_agg.measurements.types import SLEEP_STAGES
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
from wearable_agg.vendors.google_health import activity, kinds
from wearable_agg.vendors.protocol import Tells


@dataclass(frozen=True, slots=True)
class Quantity:
    """One field: ours = Google's x `factor`. `field` may lead into an object, by a dot."""

    path: str
    member: str
    field: str
    type: str
    shape: str
    vendor_unit: str
    factor: Fraction = Fraction(1)
    statistic: str = ""
    told_apart_by: str = ""
    """A member beside the field whose word becomes the statistic."""


_RMSSD = "rootMeanSquareOfSuccessiveDifferencesMilliseconds"
_DEEP = "deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds"
_THOUSANDTH, _TENTH = Fraction(1, 1000), Fraction(1, 10)
_SLEEP_STATS = {"full": "sleep", "deep": "deep sleep", "light": "light sleep", "rem": "rem sleep"}

_SLEEP_KIND = "sleep"


def tells(kind: str) -> Tells:
    """Return what a data type tells of, as it is fetched: listed, or rolled up by day."""
    if kind == _SLEEP_KIND:
        return Tells(frozenset((f"sleep_{of}", False) for of in (*SLEEP_STAGES, "stage")))
    if kind == kinds.EXERCISE:  # a run may take a day
        return Tells(frozenset((of, long) for of, _, _ in _WORKOUTS for long in (False, True)))
    rolled = kind in _FETCHED_AS_ROLL_UP
    found = {
        (one.type, one.shape == DAY) for one in (ROLL_UPS if rolled else POINTS) if one.path == kind
    }
    found |= {(kept, rolled) for path, kept, _ in _ACTIVITY if path == kind}
    return Tells(frozenset(found), named=False if rolled else None)


POINTS = (
    Quantity("steps", "steps", "count", "steps", INTERVAL, "count"),
    Quantity("distance", "distance", "millimeters", "distance", INTERVAL, "mm", _THOUSANDTH),
    Quantity("floors", "floors", "count", "floors", INTERVAL, "count"),
    Quantity(
        "active-energy-burned", "activeEnergyBurned", "kcal", "active_energy", INTERVAL, "kcal"
    ),
    Quantity(
        "active-zone-minutes",
        "activeZoneMinutes",
        "activeZoneMinutes",
        "active_zone_minutes",
        INTERVAL,
        "min",
        told_apart_by="heartRateZone",
    ),
    Quantity("heart-rate", "heartRate", "beatsPerMinute", "heart_rate", SAMPLE, "/min"),
    Quantity(
        "daily-resting-heart-rate",
        "dailyRestingHeartRate",
        "beatsPerMinute",
        "resting_heart_rate",
        DAY,
        "/min",
    ),
    Quantity(
        "heart-rate-variability",
        "heartRateVariability",
        _RMSSD,
        "hrv",
        SAMPLE,
        "ms",
        statistic="RMSSD",
    ),
    Quantity(
        "heart-rate-variability",
        "heartRateVariability",
        "standardDeviationMilliseconds",
        "hrv",
        SAMPLE,
        "ms",
        statistic="SDNN",
    ),
    # the daily average is an RMSSD, as Google's sample type names it
    Quantity(
        "daily-heart-rate-variability",
        "dailyHeartRateVariability",
        "averageHeartRateVariabilityMilliseconds",
        "hrv",
        DAY,
        "ms",
        statistic="RMSSD",
    ),
    Quantity(
        "daily-heart-rate-variability",
        "dailyHeartRateVariability",
        _DEEP,
        "hrv_deep_sleep",
        DAY,
        "ms",
    ),
    Quantity(
        "daily-heart-rate-variability",
        "dailyHeartRateVariability",
        "nonRemHeartRateBeatsPerMinute",
        "non_rem_heart_rate",
        DAY,
        "/min",
    ),
    Quantity(
        "oxygen-saturation", "oxygenSaturation", "percentage", "oxygen_saturation", SAMPLE, "%"
    ),
    *(
        Quantity(
            "daily-oxygen-saturation",
            "dailyOxygenSaturation",
            field,
            f"oxygen_saturation{of}",
            DAY,
            "%",
        )
        for field, of in (
            ("averagePercentage", ""),
            ("lowerBoundPercentage", "_low"),
            ("upperBoundPercentage", "_high"),
        )
    ),
    Quantity(
        "daily-respiratory-rate",
        "dailyRespiratoryRate",
        "breathsPerMinute",
        "respiratory_rate",
        DAY,
        "/min",
    ),
    *(
        Quantity(
            "respiratory-rate-sleep-summary",
            "respiratoryRateSleepSummary",
            f"{stage}SleepStats.breathsPerMinute",
            "respiratory_rate",
            SAMPLE,
            "/min",
            statistic=of,
        )
        for stage, of in _SLEEP_STATS.items()
    ),
    Quantity("weight", "weight", "weightGrams", "weight", SAMPLE, "g", _THOUSANDTH),
    Quantity("body-fat", "bodyFat", "percentage", "body_fat", SAMPLE, "%"),
    Quantity("height", "height", "heightMillimeters", "height", SAMPLE, "mm", _TENTH),
    Quantity(
        "core-body-temperature",
        "coreBodyTemperature",
        "temperatureCelsius",
        "body_temperature",
        SAMPLE,
        "Cel",
    ),
    *(
        Quantity(
            "daily-sleep-temperature-derivations",
            "dailySleepTemperatureDerivations",
            field,
            f"skin_temperature{of}",
            DAY,
            "Cel",
        )
        for field, of in (
            ("nightlyTemperatureCelsius", ""),
            ("baselineTemperatureCelsius", "_baseline"),
            ("relativeNightlyStddev30dCelsius", "_spread"),
        )
    ),
    Quantity("vo2-max", "vo2Max", "vo2Max", "vo2_max", SAMPLE, "mL/min/kg"),
    Quantity("daily-vo2-max", "dailyVo2Max", "vo2Max", "vo2_max", DAY, "mL/min/kg"),
    Quantity(
        "run-vo2-max", "runVo2Max", "runVo2Max", "vo2_max", SAMPLE, "mL/min/kg", statistic="run"
    ),
    Quantity(
        "blood-glucose",
        "bloodGlucose",
        "bloodGlucoseMilligramsPerDeciliter",
        "blood_glucose",
        SAMPLE,
        "mg/dL",
    ),
)
"""Fields of data points, listed or reconciled."""

_PERSONAL_RANGE = "averageHeartRateVariabilityMilliseconds"

ROLL_UPS = (
    Quantity("steps", "steps", "countSum", "steps", DAY, "count"),
    Quantity("distance", "distance", "millimetersSum", "distance", DAY, "mm", _THOUSANDTH),
    Quantity("floors", "floors", "countSum", "floors", DAY, "count"),
    Quantity("active-energy-burned", "activeEnergyBurned", "kcalSum", "active_energy", DAY, "kcal"),
    *(
        Quantity(
            "active-zone-minutes",
            "activeZoneMinutes",
            f"sumIn{word}HeartZone",
            "active_zone_minutes",
            DAY,
            "min",
            statistic=statistic,
        )
        for word, statistic in (("FatBurn", "fat_burn"), ("Cardio", "cardio"), ("Peak", "peak"))
    ),
    Quantity("total-calories", "totalCalories", "kcalSum", "total_energy", DAY, "kcal"),
    *(
        Quantity(
            "heart-rate", "heartRate", f"beatsPerMinute{of}", f"heart_rate_{ours}", DAY, "/min"
        )
        for of, ours in (("Avg", "mean"), ("Min", "min"), ("Max", "max"))
    ),
    *(
        Quantity(
            "heart-rate-variability",
            "heartRateVariabilityPersonalRange",
            f"{_PERSONAL_RANGE}{of}",
            f"hrv_range_{ours}",
            DAY,
            "ms",
        )
        for of, ours in (("Min", "low"), ("Max", "high"))
    ),
)
"""Fields of roll-ups, over days or over windows of a day."""

_NOT_NOTIFIED = frozenset(
    {
        "electrocardiogram",
        "irregular-rhythm-notification",
        "oxygen-saturation",
        "vo2-max",
        "daily-vo2-max",
        "core-body-temperature",
        "active-energy-burned",
    }
)
"""Types that Google's list of webhooks leaves out: they have to be polled."""

_WHOLE = (
    ("sleep", "sleep_stage", NIGHT),
    *(("sleep", f"sleep_{of}", NIGHT) for of in ("deep", "light", "rem", "awake", "asleep")),
    ("electrocardiogram", "ecg", EVENT),
    ("irregular-rhythm-notification", "rhythm_notification", EVENT),
)
"""Data types with a reader of their own."""

_ACTIVITY = (
    *(("active-minutes", kind, "") for kind in activity.BY_MINUTES.values()),
    ("sedentary-period", activity.SITTING, ""),
    *(("activity-level", kind, activity.LEVEL) for kind in activity.BY_LEVEL.values()),
)
"""Stretches of activity, listed and rolled up by day: data type, ours, and the statistic."""

_WORKOUTS = (
    ("workout", "activeDuration", "s"),
    ("workout_active_energy", "metricsSummary.caloriesKcal", "kcal"),
    ("workout_distance", "metricsSummary.distanceMillimeters", "mm"),
    ("workout_steps", "metricsSummary.steps", "count"),
    ("workout_heart_rate_mean", "metricsSummary.averageHeartRateBeatsPerMinute", "/min"),
)
"""What is kept of a session of exercise: ours, Google's field, and its unit."""

_FETCHED_AS_ROLL_UP = frozenset(
    name for name, kind in kinds.KINDS.items() if not kind.field and not kind.path
)


def by_member(quantities: Iterable[Quantity]) -> dict[str, tuple[Quantity, ...]]:
    """Return the fields of each member of a data point."""
    grouped: defaultdict[str, list[Quantity]] = defaultdict(list)
    for one in quantities:
        grouped[one.member].append(one)
    return {member: tuple(fields) for member, fields in grouped.items()}


def _arrives(path: str) -> tuple[str, ...]:
    return (POLL,) if path in _NOT_NOTIFIED else (WEBHOOK, POLL)


def _capability(one: Quantity, rolled_up: bool) -> Capability:
    fetched = one.path in kinds.KINDS and (one.path in _FETCHED_AS_ROLL_UP) == rolled_up
    name = f"{one.path} {'roll-up ' if rolled_up else ''}{one.field}"
    return Capability(
        type=one.type,
        vendor_name=name,
        vendor_unit=one.vendor_unit,
        granularity=one.shape,
        arrives=_arrives(one.path),
        statistic=one.statistic,
        fetched=fetched,
    )


CAPABILITIES = checked(
    "google_health",
    (
        *(_capability(one, False) for one in POINTS),
        *(_capability(one, True) for one in ROLL_UPS),
        *(
            Capability(kind, path, "", shape, _arrives(path), fetched=path in kinds.KINDS)
            for path, kind, shape in _WHOLE
        ),
        *(
            Capability(
                kind,
                f"{path}{' roll-up' if rolled else ''}",
                "min",
                DAY if rolled else INTERVAL,
                _arrives(path),
                statistic,
                fetched=path in kinds.KINDS and rolled == (path in _FETCHED_AS_ROLL_UP),
            )
            for path, kind, statistic in _ACTIVITY
            for rolled in (False, True)
        ),
        *(
            Capability(
                kind, f"{kinds.EXERCISE} {field}", unit, EVENT, _arrives(kinds.EXERCISE), "", True
            )
            for kind, field, unit in _WORKOUTS
        ),
    ),
)
