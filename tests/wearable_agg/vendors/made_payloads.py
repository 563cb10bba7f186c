"""Payloads made for tests: a good one of each kind, to be spoiled in one place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.apple import documents as apple
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined, with_doubts
from wearable_agg.vendors.google_health import documents as google_health
from wearable_agg.vendors.withings import documents as withings

ZONE = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 6, 30, tzinfo=UTC)

_READERS: dict[str, Callable[[bytes], Any]] = {
    "google_health": lambda raw: google_health.documents(raw, ZONE),
    "withings": lambda raw: withings.documents(raw, ZONE),
    "apple": lambda raw: apple.documents(io.BytesIO(raw), ZONE),
}


def found_in(vendor: str, raw: bytes | str, now: datetime = NOW) -> list[Found]:
    """Read a payload and set apart what cannot be true."""
    data = raw.encode() if isinstance(raw, str) else raw
    return list(with_doubts(_READERS[vendor](data), now))


def items_in(vendor: str, raw: bytes | str, now: datetime = NOW) -> list[Any]:
    """Return what a payload says, without the places."""
    return [one.item for one in found_in(vendor, raw, now)]


def outcome(vendor: str, raw: bytes | str) -> str:
    """Say why a payload is refused, or why what is in it is set apart; empty where it is not."""
    try:
        items = items_in(vendor, raw)
    except (Malformed, Unusable) as fault:
        return str(fault)
    reasons = [item.reason for item in items if isinstance(item, Quarantined)]
    return reasons[0] if reasons and len(reasons) == len(items) else ""


def heart_rate(rate: object = "76", at: object = "2026-06-22T08:00:00Z", **sample: object) -> str:
    """Google's page with one sample."""
    value = {"beatsPerMinute": rate, "sampleTime": {"physicalTime": at, **sample}}
    return json.dumps({"dataPoints": [{"name": "n", "heartRate": value}]})


def activity() -> str:
    """Google's page with a stretch of each reckoning of activity, listed and rolled up."""
    span = {"startTime": "2026-06-22T08:00:00Z", "endTime": "2026-06-22T08:15:00Z"}
    minutes = [{"activityLevel": "LIGHT", "activeMinutes": "11"}]
    rolled = [{"activityLevel": "MODERATE", "activeMinutesSum": "15"}]
    levels = [{"activityLevelType": "VERY_ACTIVE", "totalDuration": "90.5s"}]
    day = {"civilStartTime": {"date": {"year": 2026, "month": 6, "day": 22}}}
    return json.dumps(
        {
            "dataPoints": [
                {"activeMinutes": {"interval": span, "activeMinutesByActivityLevel": minutes}},
                {"sedentaryPeriod": {"interval": span}},
                {"activityLevel": {"interval": span, "activityLevelType": "SEDENTARY"}},
            ],
            "rollupDataPoints": [
                {**day, "activeMinutes": {"activeMinutesRollupByActivityLevel": rolled}},
                {**day, "sedentaryPeriod": {"durationSum": "28680s"}},
                {**day, "activityLevel": {"activityLevelRollupsByActivityLevelType": levels}},
                {**day, "activeZoneMinutes": {"sumInPeakHeartZone": "4"}},
            ],
        }
    )


def group(*measures: tuple[Any, ...], **members: object) -> str:
    """Withings' page with one group of measures (type, value, unit)."""
    usual = {"grpid": 7, "attrib": 0, "date": 1_780_000_000, "category": 1, "model": "ScanWatch"}
    listed = [dict(zip(("type", "value", "unit"), one, strict=True)) for one in measures]
    page = {"measuregrps": [{**usual, "measures": listed, **members}]}
    return json.dumps({"status": 0, "body": page})


def record(kind: str = "HeartRate", inside: str = "", **attributes: str) -> str:
    """One Record of an export; a name without prefix is a quantity's."""
    name = kind if kind.startswith("HK") else f"HKQuantityTypeIdentifier{kind}"
    usual = {
        "type": name,
        "sourceName": "Watch",
        "unit": "count/min",
        "startDate": "2026-03-15 03:00:00 +0100",
        "endDate": "2026-03-15 03:00:00 +0100",
        "value": "72",
        **attributes,
    }
    written = " ".join(f'{key}="{value}"' for key, value in usual.items())
    return f"<Record {written}>{inside}</Record>"


def export(*rows: str, head: str = "") -> str:
    """An export with these rows."""
    return f'<?xml version="1.0"?>{head}<HealthData locale="en_GB">{"".join(rows)}</HealthData>'


def ecg_file(*samples: str, **fields: str) -> str:
    """An ECG file of the Health app."""
    usual = {
        "Name": "Kari Nordmann",
        "Date of Birth": '"15 Jan 1950"',
        "Recorded Date": "2026-03-14 09:15:00 -0400",
        "Classification": "Atrial Fibrillation",
        "Symptoms": "",
        "Software Version": "1.90",
        "Device": '"Watch6,7"',
        "Sample Rate": "512 hertz",
        **fields,
    }
    head = [f"{key},{value}" for key, value in usual.items()]
    values = samples or ("-48.673", "12.0")
    return "\n".join([*head, "", "Lead,Lead I", "Unit,µV", "", "", *values, ""])


def pushed(*metrics: tuple[str, str, dict[str, object]]) -> str:
    """A push of Health Auto Export: (name, units, point)."""
    listed = [{"name": n, "units": unit, "data": [point]} for n, unit, point in metrics]
    return json.dumps({"data": {"metrics": listed}})


def synced(provider: str = "apple", **record: object) -> str:
    """A companion push with one record."""
    usual = {
        "id": "A1",
        "type": "HKQuantityTypeIdentifierHeartRate",
        "unit": "count/min",
        "value": 72,
        "startDate": "2026-03-15T08:00:00Z",
        "endDate": "2026-03-15T08:00:00Z",
    }
    return json.dumps({"provider": provider, "data": {"records": [{**usual, **record}]}})
