"""Google Health API v4 as one of the vendors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from config.settings import VendorApp
from wearable_agg.measurements.model import Record
from wearable_agg.vendors.days import cut
from wearable_agg.vendors.google_health import (
    authorize,
    fetch,
    notifications,
    parse,
    quantities,
)
from wearable_agg.vendors.google_health.kinds import KINDS, WINDOWS
from wearable_agg.vendors.protocol import Notification, Page, Profile, Tells, Tokens, Window

if TYPE_CHECKING:
    from safeguards.egress import Egress


class GoogleHealth:
    """Google Health: daily roll-ups for steps, lists for everything else.

    A year of one person with a heart-rate sample every ten minutes takes about forty requests.
    """

    id = "google_health"
    name = "Google Health"
    kinds = tuple(KINDS)
    by_change: frozenset[str] = frozenset()
    accepted_status = 204

    def authorize_url(self, app: VendorApp, state: str) -> str:
        """Return the consent page's address; asks for offline access to read scopes only."""
        return authorize.authorize_url(app, state)

    def exchange(self, http: Egress, app: VendorApp, code: str) -> Tokens:
        """Trade a code for tokens, and ask whose they are."""
        return authorize.exchange(http, app, code)

    def refresh(self, http: Egress, app: VendorApp, tokens: Tokens) -> Tokens:
        """Return a fresh access token; Google keeps the refresh token."""
        return authorize.refresh(http, app, tokens)

    def revoke(self, http: Egress, app: VendorApp, tokens: Tokens) -> None:
        """End the grant at Google."""
        authorize.revoke(http, app, tokens)

    def backfill_windows(self, kind: str, window: Window) -> list[Window]:
        """Cut `window` into spans within Google's range limits, newest first."""
        return cut(window, WINDOWS[kind])

    def look_back(self, kind: str) -> timedelta:
        """Return how far a kind is asked for again: months of days, days of samples."""
        return timedelta(days=KINDS[kind].look_back)

    def fetch(
        self,
        http: Egress,
        app: VendorApp,
        tokens: Tokens,
        kind: str,
        window: Window,
        cursor: str | None,
    ) -> Page:
        """Fetch one page."""
        return fetch.fetch(http, app, tokens, kind, window, cursor)

    def tells(self, kind: str) -> Tells:
        """Tell which types a data type is read into, from its list or its daily roll-up."""
        return quantities.tells(kind)

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> list[Record]:
        """Read a page."""
        return parse.parse(kind, raw, zone)

    def subscribe(self, http: Egress, app: VendorApp, tokens: Tokens, callback_url: str) -> None:
        """Return at once: the subscriber is the project's, for every user who consents.

        Its administrator makes it once, with policy AUTOMATIC and a service account that this
        service does not hold; we answer its verification in `handshake`.
        """

    def profile(self, http: Egress, app: VendorApp, tokens: Tokens) -> Profile:
        """Read the account's time zone and device."""
        return fetch.profile(http, app, tokens)

    def keyset(self, http: Egress, app: VendorApp) -> bytes:
        """Return Google's public notification keys."""
        return fetch.keyset(http, app)

    def handshake(self, app: VendorApp, headers: Mapping[str, str], raw: bytes) -> int | None:
        """Answer Google's verification of our address."""
        return notifications.handshake(app, headers, raw)

    def notifications(
        self, headers: Mapping[str, str], raw: bytes, keys: bytes
    ) -> list[Notification]:
        """Verify and read a notification."""
        return notifications.notifications(headers, raw, keys)

    def reread(self, raw: bytes) -> list[Notification]:
        """Read a notification that was verified when it arrived."""
        return notifications.read_verified(raw)
