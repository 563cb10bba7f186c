"""Google's scopes for reading health data."""

from __future__ import annotations

_PREFIX = "https://www.googleapis.com/auth/googlehealth."

ACTIVITY = f"{_PREFIX}activity_and_fitness.readonly"
METRICS = f"{_PREFIX}health_metrics_and_measurements.readonly"
SLEEP = f"{_PREFIX}sleep.readonly"
PROFILE = f"{_PREFIX}profile.readonly"
SETTINGS = f"{_PREFIX}settings.readonly"
ECG = f"{_PREFIX}ecg.readonly"
IRREGULAR = f"{_PREFIX}irn.readonly"

READABLE = (ACTIVITY, METRICS, SLEEP, PROFILE, SETTINGS, ECG, IRREGULAR)
