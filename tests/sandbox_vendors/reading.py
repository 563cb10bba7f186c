"""Reading a simulated vendor as the poller does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.sandbox_vendors.conftest import Simulators
from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.protocol import Tokens, Vendor, Window

OSLO = ZoneInfo("Europe/Oslo")


def last(days: float) -> Window:
    """Return the window of these days up to now."""
    now = datetime.now(UTC)
    return Window(now - timedelta(days=days), now)


def page_count(
    vendor: Vendor, simulators: Simulators, tokens: Tokens, kind: str, window: Window
) -> int:
    """Count the pages of one window."""
    count, cursor = 0, None
    while count == 0 or cursor:
        page = vendor.fetch(
            simulators.http, simulators.app(vendor.id), tokens, kind, window, cursor
        )
        count, cursor = count + 1, page.next
    return count


def everything(
    vendor: Vendor, simulators: Simulators, tokens: Tokens, kind: str, window: Window
) -> list[Measurement]:
    """Read a kind as the poller does: all windows, all pages."""
    found = []
    for part in vendor.backfill_windows(kind, window):
        cursor = None
        while True:
            page = vendor.fetch(
                simulators.http, simulators.app(vendor.id), tokens, kind, part, cursor
            )
            found += vendor.parse(kind, page.raw, OSLO)
            cursor = page.next
            if cursor is None:
                break
    return found
