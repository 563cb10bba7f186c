"""Subscribing an account to Withings' notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import VendorApp
from wearable_agg.vendors.errors import Unusable, VendorDown
from wearable_agg.vendors.protocol import Tokens
from wearable_agg.vendors.withings.envelope import body, call
from wearable_agg.vendors.withings.notifications import KINDS_OF

if TYPE_CHECKING:
    from safeguards.egress import Egress


def subscribe(http: Egress, app: VendorApp, tokens: Tokens, callback_url: str) -> None:
    """Subscribe to every category we read that is not yet subscribed at this address.

    Withings probes the address meanwhile (HEAD and GET, answered by 200 within two seconds).
    """
    wanted = [appli for appli, kinds in KINDS_OF.items() if kinds]
    missing = set(wanted) - _subscribed(http, app, tokens, callback_url)
    for appli in sorted(missing):
        form = {"action": "subscribe", "callbackurl": callback_url, "appli": str(appli)}
        call(http, app, "notify", tokens.access, {**form, "comment": "Wristchart"})


def _subscribed(http: Egress, app: VendorApp, tokens: Tokens, callback_url: str) -> set[int]:
    answer = call(http, app, "notify", tokens.access, {"action": "list"})
    try:
        profiles = body(answer).member("profiles")
        return {
            one.member("appli").integer()
            for one in profiles.items()
            if one.member("callbackurl").text() == callback_url
        }
    except Unusable as error:
        raise VendorDown(f"unusable subscriptions: {error}") from error
