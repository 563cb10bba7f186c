"""The kinds of data read from Withings, with Withings' services, actions and fields."""

from __future__ import annotations

from dataclasses import dataclass

USER_INFO, USER_METRICS, USER_ACTIVITY = "user.info", "user.metrics", "user.activity"
SCOPES = (USER_INFO, USER_METRICS, USER_ACTIVITY)


@dataclass(frozen=True, slots=True)
class Kind:
    """One action of one service: the scope it needs, and what is asked of it in every request."""

    path: str
    action: str
    scope: str
    asked: tuple[tuple[str, str], ...]
    by_date: bool = False


ACTIVITY, INTRADAY, SLEEP, MEASURES = "activity", "intraday", "sleep", "measures"

SPO2, PULSE = 54, 11
"""Measure types."""

KINDS = {
    ACTIVITY: Kind(
        "v2/measure", "getactivity", USER_ACTIVITY, (("data_fields", "steps"),), by_date=True
    ),
    SLEEP: Kind(
        "v2/sleep",
        "getsummary",
        USER_ACTIVITY,
        (
            (
                "data_fields",
                "total_sleep_time,asleepduration,lightsleepduration,remsleepduration,"
                "deepsleepduration,wakeupduration",
            ),
        ),
        by_date=True,
    ),
    MEASURES: Kind(
        "measure",
        "getmeas",
        USER_METRICS,
        (("category", "1"), ("meastypes", f"{PULSE},{SPO2}")),
    ),
    INTRADAY: Kind(
        "v2/measure",
        "getintradayactivity",
        USER_ACTIVITY,
        (("data_fields", "heart_rate,rmssd,spo2_auto"),),
    ),
}
