"""The plain rows of an export: nearly all of it, and so read without detours.

Whatever is unusual about a row is left to export_rows, which reads it in full and says what is
wrong: a row that is read here is read there to the same measurement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from wearable_agg.measurements.model import Measurement
from wearable_agg.store.clock import from_micros, to_micros
from wearable_agg.vendors.apple.dates import span
from wearable_agg.vendors.apple.export_rows import (
    SOURCE,
    TIME_ZONE,
    Attributes,
    device_of,
    method_of,
)
from wearable_agg.vendors.apple.quantities import IDENTIFIERS, Quantity
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.units import FACTORS

Sample = tuple[Quantity, float, int, int, int, str, str, int, int]
"""Type, value, start, end and offset_seconds, device, method, told_at, the row's number.

Instants in microseconds.
"""

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,15})?").fullmatch
"""Short enough that decimal arithmetic is exact."""

_SIXTY = {f"{n:02}": n * 1_000_000 for n in range(60)}
_MINUTES = {text: n * 60 for text, n in _SIXTY.items()}
_MOST_HOURS = 50_000
_PERCENT = Decimal(100)
_hours: dict[str, tuple[int, int]] = {}


def _exact(factor: Fraction | int) -> Decimal | None:
    """Return a factor as a decimal; None where it has no end."""
    whole = Fraction(factor)
    short = Decimal(whole.numerator) / Decimal(whole.denominator)
    return short if Fraction(short) == whole else None


def _factors() -> dict[tuple[str, str], tuple[Quantity, Decimal | None]]:
    table: dict[tuple[str, str], tuple[Quantity, Decimal | None]] = {}
    for name, known in IDENTIFIERS.items():
        for unit, factor in FACTORS.get(known.unit, {}).items():
            exact = _exact(factor)
            if known.fraction and exact is not None:
                exact *= _PERCENT
            if exact is not None:
                table[name, unit] = known, None if exact == 1 else exact
    return table


_PLAIN: Mapping[tuple[str, str], tuple[Quantity, Decimal | None]] = _factors()


def sample(row: Attributes, metadata: Attributes, number: int) -> Sample | None:
    """Read a row; None where it is to be read in full."""
    try:
        known, factor = _PLAIN[row["type"], row["unit"]]
        text, begin, until = row["value"], row["startDate"], row["endDate"]
        start = _instant(begin)
        end = start if until == begin else _instant(until)
        told = _instant(row["creationDate"])
        offset = _hours[begin[:13] + begin[19:]][1]
    except (KeyError, Unusable):
        return None
    if not _NUMBER(text) or end < start or (metadata and TIME_ZONE in metadata):
        return None
    value = float(text) if factor is None else float(Decimal(text) * factor)
    return known, value, start, end, offset, device_of(row), method_of(metadata), told, number


def measurement(one: Sample) -> Measurement:
    """Return a plain row as a measurement."""
    known, value, start, end, offset, device, method, told, _ = one
    return Measurement(
        type=known.type,
        value=value,
        unit=known.unit,
        start=from_micros(start),
        end=from_micros(end),
        offset_seconds=offset,
        source=SOURCE,
        device=device,
        method=method,
        vendor_id="",
        statistic=known.statistic,
        told_at=from_micros(told),
    )


def _instant(text: str) -> int:
    """Read a time as microseconds; the hours of an export repeat, its seconds do not.

    Raises KeyError and Unusable where it is not written as usual.
    """
    key = text[:13] + text[19:]
    hour = _hours.get(key)
    if hour is None:
        hour = _hours[key] = _hour(text)
    if text[13:17:3] != "::":
        raise KeyError(text)
    return hour[0] + _MINUTES[text[14:16]] + _SIXTY[text[17:19]]


def _hour(text: str) -> tuple[int, int]:
    if len(_hours) >= _MOST_HOURS:
        _hours.clear()
    whole = f"{text[:13]}:00:00{text[19:]}"
    read = span(whole, whole, "")
    shift = 0 if read.offset_seconds is None else read.offset_seconds
    return to_micros(read.start), shift
