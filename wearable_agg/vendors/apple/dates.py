"""How the Health app and companion apps write times."""

from __future__ import annotations

import re
from datetime import UTC
from functools import lru_cache
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import Span, moment_with_offset, offset_at
from wearable_agg.vendors.errors import Unusable

_TWELVE_HOURS = re.compile(r"(\d{4}-\d\d-\d\d) (\d{1,2}):(\d\d:\d\d) ([AP])M ([+-]\d\d:?\d\d)")
_USUAL_LENGTH, _OFFSET_AT = len("2026-03-15 03:00:00 +0100"), 19
_SPACES = {0x202F: " ", 0xA0: " "}


def span(start: str, end: str, path: str, zone: ZoneInfo | None = None) -> Span:
    """Read start and end; the offset is the zone's there where one is known. Raises Unusable.

    Without a zone the offset is the one written: in an export, the phone's when it exported.
    """
    try:
        first = _read(start)
        if start == end and zone is None:
            return first
        last = _read(end)
    except Unusable as fault:
        raise Unusable(path, fault.reason) from None
    if last.end < first.start:
        raise Unusable(path, "ends before it starts")
    offset = offset_at(first.start, zone) if zone else first.offset_seconds
    return Span(first.start, last.end, offset)


def moment(part: Part) -> Span:
    """Read one time as a span without length; raises Unusable."""
    text = part.text()
    return span(text, text, part.path)


def zone_named(name: str, path: str) -> ZoneInfo:
    """Return a time zone by name; raises Unusable."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Unusable(path, "not a time zone") from None


@lru_cache(maxsize=4096)
def _read(text: str) -> Span:
    """Read one time; kept, for an export writes most of them two or three times."""
    local = moment_with_offset(_as_iso(text), "")
    shift = local.utcoffset()
    at = local.astimezone(UTC)
    return Span(at, at, 0 if shift is None else int(shift.total_seconds()))


def _as_iso(text: str) -> str:
    if len(text) == _USUAL_LENGTH and text[_OFFSET_AT] == " ":
        return text[:_OFFSET_AT] + text[_OFFSET_AT + 1 :]
    text = text.translate(_SPACES).strip()
    if found := _TWELVE_HOURS.fullmatch(text):
        hour = int(found[2]) % 12 + (12 if found[4] == "P" else 0)
        return f"{found[1]} {hour:02}:{found[3]}{found[5]}"
    return re.sub(r" (?=[+-]\d\d:?\d\d$)", "", text)
