"""Reading what companion apps push, as the worker needs it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Record, SleepStage
from wearable_agg.vendors.apple.documents import documents
from wearable_agg.vendors.apple.nights import minutes_of
from wearable_agg.vendors.findings import NO_RECORD, Found, Quarantined

PUSH = "push"
"""The kind of a companion app's push."""

LARGEST_PUSH = 8_000_000
"""Bytes: a month of a watch's samples; an app that has more sends several pushes."""


class AppleHealth:
    """Apple has no service to ask: what it knows comes as pushes and files."""

    id = "apple"
    name = "Apple Health"

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> list[Record | Quarantined]:
        """Read a push; raises Malformed and Unusable where it is none."""
        return [one for found in documents(io.BytesIO(raw), zone) for one in _kept(found)]


def _kept(found: Found) -> Iterator[Record | Quarantined]:
    item = found.item
    if isinstance(item, SleepStage):
        yield from minutes_of(item)
    elif isinstance(item, Quarantined) or not isinstance(item, NO_RECORD):
        yield item
