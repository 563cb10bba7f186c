"""Telling the format of an ECG file from what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safeguards.strict_json import Malformed
from wearable_agg.ecg.recordings import WFDB_SUFFIXES, NoRecording
from wearable_agg.vendors.answers import LONGEST_ANSWER, read

_HEAD = 1 << 16
_FRAME = re.compile(rb"\s*[0-9a-fA-F]{20,}\s*$", re.MULTILINE)
_CSV = re.compile(rb"[^\r\n\x00]{1,100},")
_MEMBERS = (
    ("resourceType", "fhir"),
    ("algorithmDetermination", "kardia"),
    ("dataPoints", "google_health"),
    ("body", "withings"),
)


def format_of(path: Path) -> str:
    """Return the format of a file, or of a WFDB record without suffix; raises NoRecording."""
    if path.suffix in WFDB_SUFFIXES or not path.is_file():
        return "wfdb"
    try:
        with path.open("rb") as source:
            head = source.read(_HEAD)
            text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
            found = _by_head(head, text)
            if text[:1] in (b"{", b"["):
                found = _by_members(read(head + source.read(LONGEST_ANSWER)).value)
    except (OSError, Malformed) as error:
        raise NoRecording(f"{path.name}: {error}") from error
    if not found:
        raise NoRecording(f"{path.name} is of no format that is known: name it with --format")
    return found


def _by_head(head: bytes, text: bytes) -> str:
    if head[:8] == b"0       ":
        return "edf"
    if head[:4] == b"PK\x03\x04":
        return "apple"
    if text[:1] == b"<":
        return _first(text, ((b"AnnotatedECG", "aecg"), (b"HealthData", "apple")))
    if _FRAME.match(text):
        return "polar"
    return "apple" if _CSV.match(text) else ""


def _by_members(value: Any) -> str:
    """Tell JSON by its members. What nobody else writes is Apple's, or a companion app's."""
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return ""
    if first is not value:
        return "movesense" if "Uri" in first else "apple"
    if isinstance(data := first.get("data"), dict) and "raw" in data:
        return "kardia"
    if "/dataPoints/" in str(first.get("name")):
        return "google_health"
    return _first(first, _MEMBERS) or "apple"


def _first(held: Any, marks: Iterable[tuple[Any, str]]) -> str:
    return next((kind for mark, kind in marks if mark in held), "")
