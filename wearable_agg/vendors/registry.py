"""The vendors we can link, by id."""

from __future__ import annotations

from wearable_agg.vendors.apple.reader import AppleHealth
from wearable_agg.vendors.google_health.vendor import GoogleHealth
from wearable_agg.vendors.protocol import Vendor
from wearable_agg.vendors.withings.vendor import Withings

VENDORS: dict[str, Vendor] = {vendor.id: vendor for vendor in (GoogleHealth(), Withings())}

READERS = {AppleHealth.id: AppleHealth()}
"""Those that push instead of being asked, by id."""
