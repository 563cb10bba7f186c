"""Withings' OAuth: consent, tokens, revocation."""

from __future__ import annotations

import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from config.settings import VendorApp
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.errors import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    RequestRefused,
    Unusable,
    VendorDown,
)
from wearable_agg.vendors.protocol import Tokens
from wearable_agg.vendors.sending import send
from wearable_agg.vendors.withings.envelope import body
from wearable_agg.vendors.withings.kinds import SCOPES

if TYPE_CHECKING:
    from safeguards.egress import Egress


def authorize_url(app: VendorApp, state: str) -> str:
    """Return the consent page's address; scopes are separated by commas."""
    parameters = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": ",".join(SCOPES),
        "state": state,
    }
    return f"{app.authorize_url}?{urlencode(parameters)}"


def exchange(http: Egress, app: VendorApp, code: str) -> Tokens:
    """Trade a code for tokens; raises LinkBroken where it is refused, as after its 30 seconds."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    return _tokens(_token_request(http, app, form))


def refresh(http: Egress, app: VendorApp, tokens: Tokens) -> Tokens:
    """Return new tokens; raises LinkBroken where the refresh token is refused."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    return _tokens(_token_request(http, app, form))


def revoke(http: Egress, app: VendorApp, tokens: Tokens) -> None:
    """End the grant; the request is signed over a nonce."""
    stamp = str(int(time.time()))
    answer = send(
        http,
        "POST",
        f"{app.api_url}/v2/signature",
        data=_signed(app, "getnonce", "timestamp", stamp),
    )
    nonce = body(answer).member("nonce").text()
    form = _signed(app, "revoke", "nonce", nonce) | {"userid": tokens.vendor_user_id}
    body(send(http, "POST", app.revoke_url, data=form))


def _signed(app: VendorApp, action: str, fresh: str, value: str) -> dict[str, str]:
    """Return a form with HMAC-SHA256 over its values, in the order of their names."""
    form = {"action": action, "client_id": app.client_id, fresh: value}
    message = ",".join(form[name] for name in sorted(form))
    digest = hmac.new(app.client_secret.encode(), message.encode(), hashlib.sha256)
    return {**form, "signature": digest.hexdigest()}


def _token_request(http: Egress, app: VendorApp, form: dict[str, str]) -> Part:
    client = {"client_id": app.client_id, "client_secret": app.client_secret}
    asked = {"action": "requesttoken", **client, **form}
    try:
        return body(send(http, "POST", app.token_url, data=asked))
    except RequestRefused as error:
        # "invalid parameters" covers a spent grant and our own wrong client alike
        if "client" in str(error):
            raise
        raise LinkBroken(str(error)) from error
    except (AccessRefused, NotPermitted) as error:
        raise LinkBroken(str(error)) from error


def _tokens(answer: Part) -> Tokens:
    """Read a token answer; its userid comes as a string or as a number."""
    try:
        return Tokens(
            access=answer.member("access_token").text(),
            refresh=answer.member("refresh_token").text(),
            expires_at=datetime.now(UTC) + timedelta(seconds=answer.member("expires_in").integer()),
            scopes=tuple(text_of(answer.find("scope")).replace(",", " ").split()),
            vendor_user_id=str(answer.member("userid").integer()),
        )
    except Unusable as error:
        raise VendorDown(f"unusable token answer: {error}") from error
