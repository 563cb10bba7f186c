"""FHIR dates and times as the patient's local days and as instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LENGTH_OF_DATE = len("2026-01-31")


def instant(value: object, zone: ZoneInfo) -> datetime | None:
    """A dateTime as an aware UTC datetime; a whole date is its local midnight.

    None for a partial date ("2026-01") and for anything that is not a dateTime with a zone.
    """
    if not isinstance(value, str):
        return None
    try:
        if len(value) == LENGTH_OF_DATE:
            return datetime.combine(date.fromisoformat(value), time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def local_day(value: object, zone: ZoneInfo) -> date | None:
    """The patient's calendar day of a date or dateTime; None where neither can be known."""
    if isinstance(value, str) and len(value) == LENGTH_OF_DATE:
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    moment = instant(value, zone)
    return moment.astimezone(zone).date() if moment is not None else None
