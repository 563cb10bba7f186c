"""Where a Google data point came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.answers import Part, text_of

SOURCE = "google_health"
_METHODS = {
    "MANUAL": "manual",
    "PASSIVELY_MEASURED": "passive",
    "ACTIVELY_MEASURED": "active",
    "DERIVED": "derived",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Device, method and Google's own name of a point."""

    device: str
    method: str
    vendor_id: str

    def measurement(
        self,
        kind: str,
        value: float | Decimal,
        unit: str,
        start: datetime,
        end: datetime,
        offset_seconds: int | None,
        statistic: str = "",
    ) -> Measurement:
        """Return a measurement of this origin."""
        return Measurement(
            type=kind,
            value=float(value),
            unit=unit,
            start=start,
            end=end,
            offset_seconds=offset_seconds,
            source=SOURCE,
            device=self.device,
            method=self.method,
            vendor_id=self.vendor_id,
            statistic=statistic,
        )


def origin_of(point: Part) -> Origin:
    """Read a point's dataSource, which may be absent or empty."""
    source = point.find("dataSource")
    device = source.find("device") if source else None
    method = text_of(source.find("recordingMethod")) if source else ""
    return Origin(
        device=text_of(device.find("displayName")) if device else "",
        method=_METHODS.get(method, "unknown"),
        vendor_id=text_of(point.find("name") or point.find("dataPointName")),
    )
