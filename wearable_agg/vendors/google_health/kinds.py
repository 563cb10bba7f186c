"""The kinds of data read from Google Health, with Google's names, scopes and limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_SCOPE = "https://www.googleapis.com/auth/googlehealth."
ACTIVITY = f"{_SCOPE}activity_and_fitness.readonly"
METRICS = f"{_SCOPE}health_metrics_and_measurements.readonly"
SLEEP = f"{_SCOPE}sleep.readonly"
ECG = f"{_SCOPE}ecg.readonly"
IRREGULAR_RHYTHM = f"{_SCOPE}irn.readonly"
SCOPES = (
    ACTIVITY,
    METRICS,
    SLEEP,
    ECG,
    IRREGULAR_RHYTHM,
    f"{_SCOPE}profile.readonly",
    f"{_SCOPE}settings.readonly",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One data type: the scope it needs, the field its filter compares, how many come at once.

    `field` is empty where the daily roll-up is read instead of the list, or what stands at `path`.
    An `open_ended` filter has no upper bound; one `by_date` compares calendar days. Google does
    not tell what it changed since when, so that each look reaches `look_back` days: far where a
    request brings months.
    """

    scope: str
    field: str
    page_size: int = 1440
    open_ended: bool = False
    by_date: bool = False
    look_back: int = 60
    path: str = ""


STEPS = "steps"
HEART_RATE = "heart-rate"
RESTING_HEART_RATE = "daily-resting-heart-rate"
HEART_RATE_VARIABILITY = "daily-heart-rate-variability"
OXYGEN_SATURATION = "daily-oxygen-saturation"
SLEEP_SESSION = "sleep"
ELECTROCARDIOGRAM = "electrocardiogram"
IRREGULAR_RHYTHM_NOTIFICATION = "irregular-rhythm-notification"
IRREGULAR_RHYTHM_PROFILE = "irregular-rhythm-profile"
"""Whether notices of an irregular rhythm are switched on."""

HRV = "heart-rate-variability"
EXERCISE = "exercise"
ACTIVITY_LEVEL = "activity-level"
SKIN_TEMPERATURE = "daily-sleep-temperature-derivations"
_SELDOM = (
    *("weight", "body-fat", "height", "core-body-temperature", "blood-glucose"),
    *("vo2-max", "run-vo2-max", "respiratory-rate-sleep-summary"),
)
"""Samples of which a person has at most a few a day."""

_ROLLED_UP = (
    "distance",
    "floors",
    "active-energy-burned",
    "active-zone-minutes",
    "sedentary-period",
)
_ROLLED_UP_FOR_TWO_WEEKS = ("total-calories", "active-minutes")
"""Daily roll-ups, and those that Google answers for 14 days at most."""


def _sample(name: str, look_back: int = 60, page_size: int = 1440) -> Kind:
    field = f"{name.replace('-', '_')}.sample_time.physical_time"
    return Kind(METRICS, field, page_size=page_size, look_back=look_back)


def _daily(name: str, scope: str) -> Kind:
    return Kind(scope, f"{name.replace('-', '_')}.date", by_date=True)


KINDS = {
    STEPS: Kind(ACTIVITY, ""),
    RESTING_HEART_RATE: Kind(METRICS, "daily_resting_heart_rate.date", by_date=True),
    SLEEP_SESSION: Kind(SLEEP, "sleep.interval.end_time", page_size=25, look_back=14),
    HEART_RATE_VARIABILITY: Kind(METRICS, "daily_heart_rate_variability.date", by_date=True),
    OXYGEN_SATURATION: Kind(METRICS, "daily_oxygen_saturation.date", by_date=True),
    ELECTROCARDIOGRAM: Kind(
        ECG, "electrocardiogram.interval.start_time", page_size=50, open_ended=True, look_back=14
    ),
    IRREGULAR_RHYTHM_NOTIFICATION: Kind(
        IRREGULAR_RHYTHM,
        "irregular_rhythm_notification.interval.civil_start_time",
        page_size=100,
        by_date=True,
    ),
    IRREGULAR_RHYTHM_PROFILE: Kind(IRREGULAR_RHYTHM, "", path="irnProfile"),
    HEART_RATE: Kind(METRICS, "heart_rate.sample_time.physical_time", page_size=5000, look_back=3),
    **{name: _sample(name, look_back=3, page_size=5000) for name in ("oxygen-saturation", HRV)},
    **{name: _sample(name) for name in _SELDOM},
    **{name: _daily(name, METRICS) for name in ("daily-respiratory-rate", "daily-vo2-max")},
    SKIN_TEMPERATURE: _daily(SKIN_TEMPERATURE, SLEEP),
    EXERCISE: Kind(
        ACTIVITY, "exercise.interval.civil_start_time", page_size=25, by_date=True, look_back=14
    ),
    ACTIVITY_LEVEL: Kind(
        ACTIVITY, "activity_level.interval.start_time", page_size=5000, look_back=3
    ),
    **{name: Kind(ACTIVITY, "") for name in _ROLLED_UP},
    **{name: Kind(ACTIVITY, "", look_back=10) for name in _ROLLED_UP_FOR_TWO_WEEKS},
}

WINDOWS = {
    STEPS: timedelta(days=86),  # 90 at most, and fetching widens by a day or two
    RESTING_HEART_RATE: timedelta(days=400),
    SLEEP_SESSION: timedelta(days=100),
    HEART_RATE_VARIABILITY: timedelta(days=400),
    OXYGEN_SATURATION: timedelta(days=400),
    ELECTROCARDIOGRAM: timedelta(days=4000),  # a filter without end makes one request of it
    IRREGULAR_RHYTHM_NOTIFICATION: timedelta(days=400),
    IRREGULAR_RHYTHM_PROFILE: timedelta(days=4000),
    HEART_RATE: timedelta(days=30),
    "oxygen-saturation": timedelta(days=30),
    HRV: timedelta(days=30),
    EXERCISE: timedelta(days=100),
    ACTIVITY_LEVEL: timedelta(days=30),
    **dict.fromkeys(_ROLLED_UP, timedelta(days=86)),
    **dict.fromkeys(_ROLLED_UP_FOR_TWO_WEEKS, timedelta(days=10)),
    **dict.fromkeys((*_SELDOM, "daily-respiratory-rate", "daily-vo2-max"), timedelta(days=400)),
    SKIN_TEMPERATURE: timedelta(days=400),
}
