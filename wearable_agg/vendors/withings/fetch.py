"""Reading from Withings: one action for each kind, pages by offset."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.settings import VendorApp
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.days import dates_touched
from wearable_agg.vendors.errors import NotPermitted, Unusable, VendorDown
from wearable_agg.vendors.protocol import Page, Profile, Tokens, Window
from wearable_agg.vendors.withings.changes import changed_until, leads_to
from wearable_agg.vendors.withings.envelope import body, call
from wearable_agg.vendors.withings.heart import signal_ids
from wearable_agg.vendors.withings.kinds import HEART, KINDS, Kind

if TYPE_CHECKING:
    from safeguards.egress import Egress


def fetch(
    http: Egress, app: VendorApp, tokens: Tokens, kind: str, window: Window, cursor: str | None
) -> Page:
    """Fetch one page of a kind; raises NotPermitted at once where its scope was not granted."""
    known = KINDS[kind]
    if known.scope not in tokens.scopes:
        raise NotPermitted(f"{kind} needs {known.scope}")
    form = {"action": known.action, **dict(known.asked), **_times(known, window)}
    if cursor:
        form["offset"] = cursor
    answer = call(http, app, known.path, tokens.access, form)
    try:
        found = body(answer)
        raw = answer.content
        if kind == HEART:
            raw = _with_waveforms(http, app, tokens, found, raw)
        if window.changed_since is None:
            return Page(kind, raw, _next(found), changed_until(kind, found))
        beside = leads_to(kind, found)
        return Page(kind, raw, _next(found), changed_until(kind, found), beside)
    except Unusable as error:
        raise VendorDown(f"unusable paging: {error}") from error


def _with_waveforms(
    http: Egress, app: VendorApp, tokens: Tokens, listed: Part, raw: bytes
) -> bytes:
    """Return the list and the waveform of each of its ECGs, every answer verbatim."""
    waveforms = []
    for number in signal_ids(listed):
        form = {"action": "get", "signalid": number}
        answer = call(http, app, KINDS[HEART].path, tokens.access, form)
        waveforms.append(b'"%s": %s' % (number.encode(), answer.content))
    return b'{"list": %s, "signals": {%s}}' % (raw, b", ".join(waveforms))


def profile(http: Egress, app: VendorApp, tokens: Tokens) -> Profile:
    """Read the device used last; raises VendorDown where no device tells a known time zone."""
    answer = call(http, app, "v2/user", tokens.access, {"action": "getdevice"})
    try:
        devices = list(body(answer).member("devices").items())
        devices.sort(key=_last_used, reverse=True)
        known = [one for one in devices if _zone_known(text_of(one.find("timezone")))]
        if not known:
            raise VendorDown("no device with a time zone")
        return Profile(known[0].member("timezone").text(), text_of(known[0].find("model")))
    except Unusable as error:
        raise VendorDown(f"unusable devices: {error}") from error


def _times(kind: Kind, window: Window) -> dict[str, str]:
    if window.changed_since is not None:
        return {"lastupdate": str(int(window.changed_since.timestamp()))}
    if not kind.by_date:
        start, end = int(window.start.timestamp()), int(window.end.timestamp())
        return {"startdate": str(start), "enddate": str(end)}
    first, last = dates_touched(window)
    return {"startdateymd": first.isoformat(), "enddateymd": last.isoformat()}


def _next(answer: Part) -> str | None:
    """Return the next page's offset; `more` is a truth value or a number."""
    more = answer.find("more")
    if more is None or not more.flag():
        return None
    return str(answer.member("offset").integer())


def _last_used(device: Part) -> int:
    used = device.find("last_session_date")
    return used.integer() if used else 0


def _zone_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        return False
    return bool(name)
