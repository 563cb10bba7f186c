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
}
