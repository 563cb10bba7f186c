"""What Withings' rows have in common: values, devices, where they came from."""

from __future__ import annotations

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.days import Span
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.withings.quantities import Quantity

SOURCE = "withings"
_MODELS = {44: "BPM Core", 91: "Move ECG", 93: "ScanWatch"}
"""Recorders of the heart service, which names them by number only."""


def found(
    one: Quantity, number: Part, span: Span, device: str, method: str, vendor_id: str = ""
) -> Found:
    """Return a field as a measurement, with its place; raises Unusable."""
    value = Measurement(
        type=one.type,
        value=one.value(number),
        unit=one.unit,
        start=span.start,
        end=span.end,
        offset_seconds=span.offset_seconds,
        source=SOURCE,
        device=device,
        method=method,
        vendor_id=vendor_id,
        statistic=one.statistic,
    )
    return Found(number.path, value)


def device_of(row: Part) -> str:
    """Return the model's name; some rows give a number instead, which names few."""
    model = row.find("model")
    if model is None:
        return ""
    if isinstance(model.value, str):
        return model.value
    return _MODELS.get(model.value, "") if isinstance(model.value, int) else ""


def identifier(row: Part, name: str) -> str:
    """Return an id that Withings writes as a number; empty where it is absent."""
    number = row.find(name)
    return str(number.integer()) if number else ""
