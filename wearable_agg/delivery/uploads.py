"""Daily totals on their way to the chart."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection

from config.clinical import load
from wearable_agg.delivery.enqueue import is_queued, put_day
from wearable_agg.people.registry import patients_of, timezone_of


def day_changed(
    connection: Connection, person_id: int, day: date, type: str, value: float, unit: str
) -> None:
    """Queue the total of a local day for each chart of the person, in the caller's transaction.

    The same total again changes nothing; another one becomes an amended Observation. Types that
    no chart is told of are left alone. Raises ValueError for a unit other than the type's.
    """
    known = load("findings")["day"].get(type)
    if known is None:
        return
    if unit != known["unit"]:
        raise ValueError(f"{type} is uploaded in {known['unit']}, not in {unit}")
    payload = _payload(connection, person_id, day, type, round(value, known["decimals"]))
    for patient in patients_of(connection, person_id):
        put_day(connection, patient, person_id, payload)


def day_gone(connection: Connection, person_id: int, day: date, type: str) -> None:
    """Take a day's total back that was queued before, in the caller's transaction.

    In the chart its Observation becomes entered-in-error. A total that was never queued is left
    alone.
    """
    payload = _payload(connection, person_id, day, type, None)
    for patient in patients_of(connection, person_id):
        if is_queued(connection, patient, type, day.isoformat()):
            put_day(connection, patient, person_id, payload)


def _payload(
    connection: Connection, person_id: int, day: date, type: str, value: float | None
) -> dict[str, Any]:
    return {
        "type": type,
        "day": day.isoformat(),
        "value": value,
        "zone": timezone_of(connection, person_id).key,
    }
