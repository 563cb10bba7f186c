"""Google's OAuth: consent, tokens, revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from config.settings import VendorApp
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.errors import LinkBroken, Unusable, VendorDown
from wearable_agg.vendors.google_health.answers import body, check_token
from wearable_agg.vendors.google_health.fetch import health_user_id
from wearable_agg.vendors.google_health.kinds import SCOPES
from wearable_agg.vendors.protocol import Tokens
from wearable_agg.vendors.sending import send

if TYPE_CHECKING:
    from safeguards.egress import Egress


def authorize_url(app: VendorApp, state: str) -> str:
    """Return the consent page's address.

    `prompt=consent` makes Google give a refresh token also to a person who consented before.
    """
    parameters = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
    }
    return f"{app.authorize_url}?{urlencode(parameters)}"


def exchange(http: Egress, app: VendorApp, code: str) -> Tokens:
    """Trade a code for tokens; raises LinkBroken where Google refuses it or gives no refresh."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    answer = _token_request(http, app, form)
    refresh_token = text_of(answer.find("refresh_token"))
    if not refresh_token:
        raise LinkBroken("no refresh token given")
    access = answer.member("access_token").text()
    return _tokens(answer, refresh_token, health_user_id(http, app, access), ())


def refresh(http: Egress, app: VendorApp, tokens: Tokens) -> Tokens:
    """Return a fresh access token; raises LinkBroken where the grant has ended."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    answer = _token_request(http, app, form)
    kept = text_of(answer.find("refresh_token")) or tokens.refresh
    return _tokens(answer, kept, tokens.vendor_user_id, tokens.scopes)


def revoke(http: Egress, app: VendorApp, tokens: Tokens) -> None:
    """End the grant; a token that is already worthless is as good as revoked."""
    answer = send(http, "POST", app.revoke_url, data={"token": tokens.refresh})
    if answer.status_code not in (200, 400):
        raise VendorDown(f"revocation: {answer.status_code}")


def _token_request(http: Egress, app: VendorApp, form: dict[str, str]) -> Part:
    client = {"client_id": app.client_id, "client_secret": app.client_secret}
    answer = send(http, "POST", app.token_url, data={**form, **client})
    check_token(answer)
    return body(answer)


def _tokens(
    answer: Part, refresh_token: str, vendor_user_id: str, scopes: tuple[str, ...]
) -> Tokens:
    """Read a token answer; its scopes are those granted, which may be fewer than asked."""
    try:
        return Tokens(
            access=answer.member("access_token").text(),
            refresh=refresh_token,
            expires_at=datetime.now(UTC) + timedelta(seconds=answer.member("expires_in").integer()),
            scopes=tuple(text_of(answer.find("scope")).split()) or scopes,
            vendor_user_id=vendor_user_id,
        )
    except Unusable as error:
        raise VendorDown(f"unusable token answer: {error}") from error
