"""The device and the software of Google's medical records, which have no data source."""

from __future__ import annotations

from wearable_agg.vendors.answers import Part, label_of, text_of
from wearable_agg.vendors.google_health.source import Origin

_VERSIONS = {"algorithmVersion": "algorithm", "featureVersion": "feature"}


def device_of(record: Part, origin: Origin) -> str:
    """Return the model that made a recording, the data source's device where it is not said."""
    info = record.find("medicalDeviceInfo")
    return (text_of(info.find("deviceModel")) if info else "") or origin.device


def algorithm_of(record: Part) -> str:
    """Return the versions of what decided, "" where they are not said."""
    info = record.find("medicalDeviceInfo")
    told = {name: label_of(info.find(name)) for name in _VERSIONS} if info else {}
    return ", ".join(f"{_VERSIONS[name]} {said}" for name, said in told.items() if said)
