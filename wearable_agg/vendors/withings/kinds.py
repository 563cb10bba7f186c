"""The kinds of data read from Withings, with Withings' services, actions and fields."""

from __future__ import annotations

from dataclasses import dataclass

USER_INFO, USER_METRICS, USER_ACTIVITY = "user.info", "user.metrics", "user.activity"
SCOPES = (USER_INFO, USER_METRICS, USER_ACTIVITY)


@dataclass(frozen=True, slots=True)
class Kind:
    """One action of one service: the scope it needs, and what is asked of it in every request.

    Of kinds `by_change` Withings tells by `lastupdate` what it changed.
    """

    path: str
    action: str
    scope: str
    asked: tuple[tuple[str, str], ...]
    by_date: bool = False
    by_change: bool = False


ACTIVITY, INTRADAY, SLEEP, MEASURES = "activity", "intraday", "sleep", "measures"
HEART = "heart"
"""ECGs: the list with its verdicts, and each waveform."""

SPO2, PULSE = 54, 11
"""Measure types."""

_MEASURE_TYPES = (
    "1,4,5,6,8,9,10,11,12,54,71,73,76,77,88,91,123,130,135,136,137,138,139,155,"
    "167,168,169,170,173,174,175,196,226,227,229"
)
"""Every type that the parser reads."""

KINDS = {
    ACTIVITY: Kind(
        "v2/measure",
        "getactivity",
        USER_ACTIVITY,
        (("data_fields", "steps"),),
        by_date=True,
        by_change=True,
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
        by_change=True,
    ),
    MEASURES: Kind(
        "measure",
        "getmeas",
        USER_METRICS,
        (("category", "1"), ("meastypes", _MEASURE_TYPES)),
        by_change=True,
    ),
    HEART: Kind("v2/heart", "list", USER_ACTIVITY, ()),
    INTRADAY: Kind(
        "v2/measure",
        "getintradayactivity",
        USER_ACTIVITY,
        (("data_fields", "heart_rate,rmssd,spo2_auto"),),
    ),
}
