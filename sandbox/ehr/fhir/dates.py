"""FHIR dates as half-open ranges of microseconds, and how a search prefix compares them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sandbox.ehr.database import to_micros
from sandbox.ehr.fhir.problems import Malformed

BEGINNING, END = -(2**62), 2**62
PREFIXED = re.compile(r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<date>\d{4}.*)")
PARTS = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)

# SQL over the two columns, and which end of the searched range each placeholder takes.
COMPARISONS = {
    "eq": ("({low} >= ? AND {high} <= ?)", "lh"),
    "ne": ("NOT ({low} >= ? AND {high} <= ?)", "lh"),
    "gt": ("{high} > ?", "h"),
    "lt": ("{low} < ?", "l"),
    "ge": ("({high} > ? OR ({low} >= ? AND {high} <= ?))", "hlh"),
    "le": ("({low} < ? OR ({low} >= ? AND {high} <= ?))", "llh"),
    "sa": ("{low} >= ?", "h"),
    "eb": ("{high} <= ?", "l"),
    "ap": ("({low} < ? AND {high} > ?)", "hl"),
}


def date_range(text: str) -> tuple[int, int]:
    """The first microsecond of a FHIR date and the first one after it; raises Malformed."""
    match = PARTS.fullmatch(text.replace(" ", "+"))
    if match is None:
        raise Malformed(f"Not a FHIR date: {text!r}")
    try:
        return _range(match)
    except ValueError as error:
        raise Malformed(f"Not a FHIR date: {text!r}: {error}") from error


def _range(match: re.Match[str]) -> tuple[int, int]:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if hour is None:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        return to_micros(start), to_micros(_after(start, month, day))
    zone_text = zone.replace("Z", "+00:00") if zone else "+00:00"
    micros = (fraction or "0").ljust(6, "0")[:6]
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{micros}{zone_text}"
    start_micros = to_micros(datetime.fromisoformat(text).astimezone(UTC))
    return start_micros, start_micros + _width(second, fraction)


def _after(start: datetime, month: str | None, day: str | None) -> datetime:
    if day:
        return start + timedelta(days=1)
    if month:
        return (start + timedelta(days=32)).replace(day=1)
    return start.replace(year=start.year + 1)


def _width(second: str | None, fraction: str | None) -> int:
    if second is None:
        return 60_000_000
    return max(1, 10 ** (6 - len(fraction))) if fraction else 1_000_000


def comparison(text: str, low: str, high: str) -> tuple[str, list[int]]:
    """SQL that compares two columns with a prefixed search date, and its values."""
    match = PREFIXED.fullmatch(text)
    if match is None:
        raise Malformed(f"Not a search date: {text!r}")
    ends = dict(zip("lh", date_range(match["date"]), strict=True))
    sql, order = COMPARISONS[match["prefix"] or "eq"]
    return sql.format(low=low, high=high), [ends[end] for end in order]
