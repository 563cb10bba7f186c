"""Single values, as the backend answers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """One value over [start, end): `statistic` tells values of one type apart.

    It is RMSSD or SDNN, a body site, the activity of a workout and so on. `method` is passive,
    active, manual, derived or unknown; `offset_seconds` is the vendor's UTC offset there, where it
    gave one; `version` counts from 1 how often the vendor has told the value otherwise.
    """

    value: float
    statistic: str
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    method: str
    vendor_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Measurements:
    """Values of one type in order of time, from every source: several may tell the same.

    `unit` is UCUM; `next` is the cursor of the following page.
    """

    type: str
    unit: str
    measurements: tuple[Measured, ...]
    next: str | None
