"""Daily totals on their way to the chart."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from config.clinical import load
from wearable_agg.delivery.enqueue import put_day
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
    payload = {
        "type": type,
        "day": day.isoformat(),
        "value": round(value, known["decimals"]),
        "zone": timezone_of(connection, person_id).key,
    }
    for patient in patients_of(connection, person_id):
        put_day(connection, patient, person_id, payload)
