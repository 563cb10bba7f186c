"""The device of Google's medical records, which have no data source."""

from __future__ import annotations

from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.google_health.source import Origin


def device_of(record: Part, origin: Origin) -> str:
    """Return the model that made a recording, the data source's device where it is not said."""
    info = record.find("medicalDeviceInfo")
    return (text_of(info.find("deviceModel")) if info else "") or origin.device
