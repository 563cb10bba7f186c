"""Reading from Google: lists with filters, daily roll-ups, the account's own facts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from config.settings import VendorApp
from safeguards import strict_json
from safeguards.egress import Token
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.days import dates_touched
from wearable_agg.vendors.errors import NotPermitted, RequestRefused, Unusable, VendorDown
from wearable_agg.vendors.google_health.answers import body, check
from wearable_agg.vendors.google_health.kinds import KINDS, Kind
from wearable_agg.vendors.protocol import Page, Profile, Tokens, Window
from wearable_agg.vendors.sending import send

if TYPE_CHECKING:
    from requests import Response

    from safeguards.egress import Egress

_NEXT = re.compile(rb'"nextPageToken"\s*:\s*("(?:[^"\\]|\\.)*")')


def fetch(
    http: Egress, app: VendorApp, tokens: Tokens, kind: str, window: Window, cursor: str | None
) -> Page:
    """Fetch one page of a kind; raises NotPermitted at once where its scope was not granted."""
    known = KINDS[kind]
    if known.scope not in tokens.scopes:
        raise NotPermitted(f"{kind} needs {known.scope}")
    url = f"{app.api_url}/v4/users/me/{known.path or f'dataTypes/{kind}/dataPoints'}"
    bearer = Token(app.api_url, tokens.access)
    if known.path:
        answer = send(http, "GET", url, bearer=bearer)
    elif known.field:
        parameters = {"filter": _filter(known, window), "pageSize": str(known.page_size)}
        if cursor:
            parameters["pageToken"] = cursor
        answer = send(http, "GET", url, params=parameters, bearer=bearer)
    else:
        answer = _roll_up(http, url, bearer, window, cursor)
    check(answer)
    return Page(kind, answer.content, _next(answer.content))


def profile(http: Egress, app: VendorApp, tokens: Tokens) -> Profile:
    """Read time zone and device; the device's name is empty where Google does not say."""
    settings = _read(http, app, "settings", tokens.access)
    try:
        return Profile(settings.member("timeZone").text(), _device(http, app, tokens))
    except Unusable as error:
        raise VendorDown(f"unusable settings: {error}") from error


def health_user_id(http: Egress, app: VendorApp, access: str) -> str:
    """Return the id by which notifications name this person."""
    answer = _read(http, app, "identity", access)
    try:
        return answer.member("healthUserId").text()
    except Unusable as error:
        raise VendorDown(f"unusable identity: {error}") from error


def keyset(http: Egress, app: VendorApp) -> bytes:
    """Return the public notification keys."""
    answer = send(http, "GET", app.keyset_url)
    check(answer)
    return answer.content


def _read(http: Egress, app: VendorApp, what: str, access: str) -> Part:
    """Ask for what the vendor knows of the person whose access it is."""
    url = f"{app.api_url}/v4/users/me/{what}"
    answer = send(http, "GET", url, bearer=Token(app.api_url, access))
    check(answer)
    return body(answer)


def _device(http: Egress, app: VendorApp, tokens: Tokens) -> str:
    """Return the first paired device's name."""
    try:
        answer = _read(http, app, "pairedDevices", tokens.access)
    except (NotPermitted, RequestRefused):
        return ""
    devices = answer.find("pairedDevices")
    names = (text_of(one.find("displayName")) for one in devices.items()) if devices else iter(())
    return next(filter(None, names), "")


def _roll_up(http: Egress, url: str, bearer: Token, window: Window, cursor: str | None) -> Response:
    """Ask for whole civil days: those that the window can touch, wherever the person is."""
    first, last = dates_touched(window)
    asked: dict[str, Any] = {
        "range": {"start": _civil(first), "end": _civil(last + timedelta(days=1))},
        "windowSizeDays": 1,
    }
    if cursor:
        asked["pageToken"] = cursor
    return send(http, "POST", f"{url}:dailyRollUp", json=asked, bearer=bearer)


def _civil(day: date) -> dict[str, Any]:
    return {"date": {"year": day.year, "month": day.month, "day": day.day}}


def _filter(kind: Kind, window: Window) -> str:
    if kind.open_ended:
        return f'{kind.field} >= "{_physical(window.start)}"'
    if kind.by_date:
        first, last = dates_touched(window)
        low, high = first.isoformat(), (last + timedelta(days=1)).isoformat()
    else:
        low, high = _physical(window.start), _physical(window.end)
    return f'{kind.field} >= "{low}" AND {kind.field} < "{high}"'


def _physical(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _next(raw: bytes) -> str | None:
    """Return the next page's token without parsing megabytes that the worker parses anyway."""
    found = _NEXT.search(raw)
    return str(strict_json.loads(found[1])) or None if found else None
