"""How Google writes times, sources and data points."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Any

from sandbox.wearer.people import Wearer

Point = dict[str, Any]


def physical(instant: datetime) -> str:
    """Return RFC 3339 UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def civil_date(day: date) -> dict[str, int]:
    """Return google.type.Date."""
    return {"year": day.year, "month": day.month, "day": day.day}


def civil(instant: datetime, wearer: Wearer) -> dict[str, Any]:
    """Return a civil date and time; parts that are zero are omitted."""
    local = instant.astimezone(wearer.zone)
    parts = {"hours": local.hour, "minutes": local.minute, "seconds": local.second}
    return {
        "date": civil_date(local.date()),
        "time": {name: value for name, value in parts.items() if value},
    }


def offset(instant: datetime, wearer: Wearer) -> str:
    """Return the UTC offset as google-duration."""
    shift = instant.astimezone(wearer.zone).utcoffset()
    return f"{int(shift.total_seconds()) if shift is not None else 0}s"


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
    identifier = hashlib.sha256(f"{wearer.id}|{kind}|{key}".encode()).hexdigest()[:20]
    return {
        "name": f"users/me/dataTypes/{kind}/dataPoints/{identifier}",
        "dataSource": data_source,
        **member,
    }
