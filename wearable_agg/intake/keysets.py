"""The vendors' public keys for notifications, kept for a day."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from wearable_agg.intake.sites import VendorSite, is_signed
from wearable_agg.vendors.protocol import Notification, UnknownKey

KEEP_SECONDS = 24 * 3600.0
ASK_AGAIN_SECONDS = 30.0
"""Forged key identifiers must not make us ask the vendor with each request."""


class Keysets:
    """Verifies notifications with the vendors' key sets, fetched when they are needed."""

    def __init__(self, sites: Mapping[str, VendorSite]) -> None:
        self._sites = sites
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, bytes]] = {}

    def notifications(
        self, vendor_id: str, headers: Mapping[str, str], raw: bytes
    ) -> list[Notification]:
        """Return what a notification says; raises as Vendor.notifications does, and VendorDown."""
        vendor = self._sites[vendor_id].vendor
        try:
            return vendor.notifications(headers, raw, self._keys(vendor_id, KEEP_SECONDS))
        except UnknownKey:
            keys = self._keys(vendor_id, ASK_AGAIN_SECONDS)
            return vendor.notifications(headers, raw, keys)

    def _keys(self, vendor_id: str, at_most_seconds: float) -> bytes:
        site = self._sites[vendor_id]
        if not is_signed(site.app):
            return b""
        with self._lock:
            fetched_at, keys = self._kept.get(vendor_id, (-KEEP_SECONDS, b""))
            if time.monotonic() - fetched_at >= at_most_seconds:
                keys = site.vendor.keyset(site.http, site.app)
                self._kept[vendor_id] = (time.monotonic(), keys)
        return keys
