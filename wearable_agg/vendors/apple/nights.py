"""Stretches of sleep as the minutes that the store keeps."""

from __future__ import annotations

from collections.abc import Iterator

from wearable_agg.measurements.model import Measurement, SleepStage
from wearable_agg.measurements.types import TYPES
from wearable_agg.vendors.findings import Item


def minutes_of(item: Item) -> Iterator[Measurement]:
    """Yield the minutes of a stretch in a stage that we keep, and any measurement as it is."""
    if isinstance(item, Measurement):
        yield item
    elif isinstance(item, SleepStage) and f"sleep_{item.stage}" in TYPES:
        yield Measurement(
            type=f"sleep_{item.stage}",
            value=(item.end - item.start).total_seconds() / 60,
            unit="min",
            start=item.start,
            end=item.end,
            offset_seconds=item.offset_seconds,
            source=item.source,
            device=item.device,
            method="passive",
            vendor_id=item.vendor_id,
        )
