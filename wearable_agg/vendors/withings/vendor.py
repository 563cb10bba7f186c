"""Withings as one of the vendors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from config.settings import VendorApp
from wearable_agg.measurements.model import Record
from wearable_agg.vendors.days import cut, whole_days
from wearable_agg.vendors.protocol import (
    LOOK_BACK,
    Notification,
    Page,
    Profile,
    Tells,
    Tokens,
    Window,
)
from wearable_agg.vendors.withings import (
    authorize,
    fetch,
    notifications,
    parse,
    quantities,
    subscriptions,
)
from wearable_agg.vendors.withings.kinds import INTRADAY, KINDS

if TYPE_CHECKING:
    from safeguards.egress import Egress

_LONGEST = timedelta(days=200)


class Withings:
    """Withings: days from getactivity, nights from sleep getsummary, SpO2 and pulse from getmeas.

    Heart-rate samples and RMSSD come from getintradayactivity alone, which answers for at most 24
    hours: a year of one person takes 365 requests, newest day first, which is three minutes of the
    public plan's 120 requests a minute. Days are whole UTC days, so that asking again for a day
    that is over brings the same bytes. There is no resting heart rate: a night's lowest rate is
    not one, and is not passed off as one.
    """

    id = "withings"
    name = "Withings"
    kinds = tuple(KINDS)
    by_change = frozenset(name for name, kind in KINDS.items() if kind.by_change)
    accepted_status = 200

    def authorize_url(self, app: VendorApp, state: str) -> str:
        """Return the consent page's address."""
        return authorize.authorize_url(app, state)

    def exchange(self, http: Egress, app: VendorApp, code: str) -> Tokens:
        """Trade a code, which lives for 30 seconds, for tokens."""
        return authorize.exchange(http, app, code)

    def refresh(self, http: Egress, app: VendorApp, tokens: Tokens) -> Tokens:
        """Return new tokens; first use of the new access token ends the old refresh token."""
        return authorize.refresh(http, app, tokens)

    def revoke(self, http: Egress, app: VendorApp, tokens: Tokens) -> None:
        """End the grant and its notifications at Withings."""
        authorize.revoke(http, app, tokens)

    def backfill_windows(self, kind: str, window: Window) -> list[Window]:
        """Cut `window` into single days for intraday data, half years for the rest."""
        return whole_days(window) if kind == INTRADAY else cut(window, _LONGEST)

    def look_back(self, kind: str) -> timedelta:
        """Return a few days: what comes later is found by its change."""
        return LOOK_BACK

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
        """Tell which types measures and nights are read into; days cannot be deleted."""
        return quantities.tells(kind)

    def parse(self, kind: str, raw: bytes, zone: ZoneInfo) -> list[Record]:
        """Read a page."""
        return parse.parse(kind, raw, zone)

    def subscribe(self, http: Egress, app: VendorApp, tokens: Tokens, callback_url: str) -> None:
        """Subscribe the account to the categories we read, where it is not yet."""
        subscriptions.subscribe(http, app, tokens, callback_url)

    def profile(self, http: Egress, app: VendorApp, tokens: Tokens) -> Profile:
        """Read the time zone and name of the device used last."""
        return fetch.profile(http, app, tokens)

    def keyset(self, http: Egress, app: VendorApp) -> bytes:
        """Return nothing: Withings does not sign; the callback's secret address stands for it."""
        return b""

    def handshake(self, app: VendorApp, headers: Mapping[str, str], raw: bytes) -> int | None:
        """Return None: Withings probes an address by HEAD and GET, never by POST."""
        return None

    def notifications(
        self, headers: Mapping[str, str], raw: bytes, keys: bytes
    ) -> list[Notification]:
        """Read a notification's form; the caller has checked the secret in the address."""
        return notifications.notifications(raw)

    def reread(self, raw: bytes) -> list[Notification]:
        """Read a notification whose address was checked when it arrived."""
        return notifications.notifications(raw)
