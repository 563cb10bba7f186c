"""What one measurement is, whichever vendor it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Measurement:
    """One value with its unit (UCUM) over [start, end), aware UTC.

    A daily total runs from local midnight to local midnight. `offset_seconds` is the vendor's UTC
    offset where it gave one; `method` is passive, active, manual, derived or unknown; `statistic`
    names what a heart-rate variability is (RMSSD or SDNN).
    """

    type: str
    value: float
    unit: str
    start: datetime
    end: datetime
    offset_seconds: int | None
    source: str
    device: str
    method: str
    vendor_id: str
    statistic: str = ""
