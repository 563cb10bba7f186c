"""The API's answers about days and linked accounts, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from wearable_agg.intake.health import Health
from wearable_agg.measurements.daily import Aggregate, LocalDay
from wearable_agg.measurements.types import SLEEP_STAGES
from wearable_agg.measurements.values import Value
from wearable_agg.people.accounts import Account
from wearable_agg.vendors.coverage import never_told


def day(one: LocalDay) -> dict[str, Any]:
    """Show a local day; what was not measured is null, never zero."""
    return {
        "date": one.date.isoformat(),
        "heart_rate": one.heart_rate and _heart_rate(one.heart_rate),
        "resting_heart_rate": one.resting_heart_rate,
        "hrv": one.hrv
        and {"value": round(one.hrv.value, 1), "statistic": one.hrv.series.statistic},
        "oxygen_saturation": _rounded(one.oxygen_saturation, 1),
        "sleep": one.night and {stage: _rounded(one.night.get(stage), 3) for stage in SLEEP_STAGES},
        "steps": one.steps,
        "sources": list(one.sources),
        "choices": [
            {"type": kind, "source": source, "left_out": list(one.left_out.get(kind, ()))}
            for kind, source in sorted(one.chosen.items())
        ],
    }


def value(one: Value) -> dict[str, Any]:
    """Show a single value; its type and unit are those of the list."""
    return {
        "value": one.value,
        "statistic": one.series.statistic,
        "start": one.start.isoformat(),
        "end": one.end.isoformat(),
        "offset_seconds": one.offset_seconds,
        "source": one.series.source,
        "device": one.device,
        "method": one.method,
        "vendor_id": one.vendor_id,
        "version": one.version,
    }


def linked(
    account: Account, name: str, health: Health, fetched_back_to: datetime | None
) -> dict[str, Any]:
    """Show a linked account; `status` is active, broken (link anew) or unlinked."""
    state = "ended" if health.ended else "well" if health.is_well else "unwell"
    return {
        "vendor": account.vendor,
        "name": name,
        "device": account.device,
        "status": account.status,
        "last_sync": account.last_sync_at and account.last_sync_at.isoformat(),
        "health": {
            "state": state,
            "reason": health.reason,
            "remarks": list(health.remarks),
        },
        "fetched_back_to": fetched_back_to and fetched_back_to.isoformat(),
        "never_tells": never_told(name),
    }


def _heart_rate(part: Aggregate) -> dict[str, Any]:
    return {
        "min": part.min,
        "max": part.max,
        "mean": round(part.mean, 1),
        "n": part.n,
        "coverage": round(part.coverage, 4),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
