"""How Google writes times, sources and data points."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.wearer.people import Wearer

Point = dict[str, Any]


def physical(instant: datetime) -> str:
    """Return RFC 3339 UTC."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def civil_date(day: date) -> dict[str, int]:
    """Return google.type.Date."""
    return {"year": day.year, "month": day.month, "day": day.day}


def civil(instant: datetime, wearer: Wearer) -> dict[str, Any]:
    """Return a civil date and time; parts that are zero are omitted."""
    local = instant + timedelta(seconds=_shift(wearer.zone, int(instant.timestamp()) // 3600))
    parts = (("hours", local.hour), ("minutes", local.minute), ("seconds", local.second))
    return {"date": civil_date(local), "time": {name: value for name, value in parts if value}}


def offset(instant: datetime, wearer: Wearer) -> str:
    """Return the UTC offset as google-duration."""
    return f"{_shift(wearer.zone, int(instant.timestamp()) // 3600)}s"


@lru_cache(maxsize=32768)
def _shift(zone: ZoneInfo, hour: int) -> int:
    """Return a zone's UTC offset in seconds during one hour since 1970; it changes on the hour."""
    shift = datetime.fromtimestamp(hour * 3600, zone).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def sample_time(instant: datetime, wearer: Wearer) -> dict[str, Any]:
    """Return the time of a sample."""
    return {
        "physicalTime": physical(instant),
        "utcOffset": offset(instant, wearer),
        "civilTime": civil(instant, wearer),
    }


def interval(start: datetime, end: datetime, wearer: Wearer) -> dict[str, Any]:
    """Return the time of an interval or session."""
    return {
        "startTime": physical(start),
        "startUtcOffset": offset(start, wearer),
        "endTime": physical(end),
        "endUtcOffset": offset(end, wearer),
        "civilStartTime": civil(start, wearer),
        "civilEndTime": civil(end, wearer),
    }


def source(wearer: Wearer, method: str = "PASSIVELY_MEASURED") -> dict[str, Any]:
    """Return the dataSource of what the watch measured."""
    device = {"displayName": wearer.device, "formFactor": "WATCH", "manufacturer": "Google"}
    return {"platform": "FITBIT", "recordingMethod": method, "device": device}


def point(kind: str, key: str, wearer: Wearer, data_source: dict[str, Any], **member: Any) -> Point:
    """Return a data point whose name stays the same from request to request."""
    identifier = hashlib.md5(
        f"{wearer.id}|{kind}|{key}".encode(), usedforsecurity=False
    ).hexdigest()
    return {
        "name": f"users/me/dataTypes/{kind}/dataPoints/{identifier}",
        "dataSource": data_source,
        **member,
    }
