"""Telling what a file of Apple Health's is from what stands in it, and reading it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import LONGEST_ANSWER, Part, read
from wearable_agg.vendors.apple.auto_export import read_push
from wearable_agg.vendors.apple.companion import read_sync
from wearable_agg.vendors.apple.ecg import electrocardiogram, is_ecg
from wearable_agg.vendors.apple.ecg_csv import LARGEST, read_ecg_csv
from wearable_agg.vendors.apple.export import read_export
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found

_AUTO_EXPORT = frozenset(
    {"metrics", "ecg", "heartRateNotifications", "stateOfMind", "symptoms", "cycleTracking"}
)
_SYNC = frozenset({"records", "sleep", "electrocardiograms", "deleted"})


def documents(source: BinaryIO, zone: ZoneInfo) -> Iterator[Found]:
    """Read an export.xml, an ECG file, or a push, from a file that can be rewound.

    Raises Malformed and Unusable.
    """
    begin = source.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    source.seek(0)
    if begin == b"<":
        yield from read_export(source, zone)
    elif begin in (b"{", b"["):
        yield from _json(read(_whole(source, LONGEST_ANSWER)))
    elif begin:
        yield from read_ecg_csv(_whole(source, LARGEST))
    else:
        raise Malformed("an empty file")


def _json(document: Part) -> Iterator[Found]:
    if isinstance(document.value, list):
        for entry in document.items():
            yield from electrocardiogram(entry)
    elif is_ecg(document):
        yield from electrocardiogram(document)
    elif (data := document.find("data")) is None:
        raise Unusable(document.path, "nothing that Apple Health or a companion app sends")
    elif _AUTO_EXPORT & (names := {name for name, _ in data.members()}):
        yield from read_push(document)
    elif _SYNC & names or document.find("sdkVersion"):
        yield from read_sync(document)
    else:
        raise Unusable(data.path, "nothing that Apple Health or a companion app sends")


def _whole(source: BinaryIO, limit: int) -> bytes:
    raw = source.read(limit + 1)
    if len(raw) > limit:
        raise Malformed(f"more than the {limit} bytes allowed")
    return raw
