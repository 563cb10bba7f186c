"""The vendors we can link, by id."""

from __future__ import annotations

from wearable_agg.vendors.google_health.vendor import GoogleHealth
from wearable_agg.vendors.protocol import Vendor
from wearable_agg.vendors.withings.vendor import Withings

VENDORS: dict[str, Vendor] = {vendor.id: vendor for vendor in (GoogleHealth(), Withings())}
