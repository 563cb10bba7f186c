"""Google's notifications: the handshake, the signature, what changed."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import timedelta

from config.settings import VendorApp
from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.google_health.kinds import KINDS
from wearable_agg.vendors.google_health.signature import verify
from wearable_agg.vendors.google_health.times import civil_time, instant, written_civil_time
from wearable_agg.vendors.protocol import Notification, Window

_ANY_ZONE = timedelta(hours=14)
"""How far a civil time can be from the same digits in UTC."""

_PROVEN, _STRANGER = 201, 401


def handshake(app: VendorApp, headers: Mapping[str, str], raw: bytes) -> int | None:
    """Return 201 to a verification with our secret, 401 to one without, None to all else."""
    if len(raw) > 100:
        return None
    try:
        asked = read(raw).find("type")
    except (Malformed, Unusable):
        return None
    if asked is None or asked.value != "verification":
        return None
    given = {name.lower(): value for name, value in headers.items()}.get("authorization", "")
    known = bool(app.webhook_secret) and hmac.compare_digest(
        given.encode(), app.webhook_secret.encode()
    )
    return _PROVEN if known else _STRANGER


def notifications(headers: Mapping[str, str], raw: bytes, keys: bytes) -> list[Notification]:
    """Verify a notification on its raw bytes and read it: one object, or an array of them.

    Data types that we do not read are left out.
    """
    verify(headers, raw, keys)
    return read_verified(raw)


def read_verified(raw: bytes) -> list[Notification]:
    """Read a notification whose signature has been checked; raises Malformed and Unusable."""
    answer = read(raw)
    entries = answer.items() if isinstance(answer.value, list) else iter((answer,))
    return [one for entry in entries for one in read_entry(entry.member("data"))]


def read_entry(data: Part) -> Iterator[Notification]:
    """Yield what one notification says, nothing for a data type that we do not read."""
    said = notification(data)
    if said.kinds[0] in KINDS:
        yield said


def notification(data: Part) -> Notification:
    """Read one notification, whichever data type it names; raises Unusable."""
    deleted = data.member("operation").text() == "DELETE"
    return Notification(
        vendor_user_id=data.member("healthUserId").text(),
        kinds=(data.member("dataType").text(),),
        window=_window(data),
        action="deleted" if deleted else "changed",
    )


def _window(data: Part) -> Window | None:
    """Return one window around all the intervals; some senders put the interval beside them."""
    intervals = data.find("intervals")
    spans = [_span(one) for one in (intervals.items() if intervals else (data,))]
    known = [span for span in spans if span is not None]
    if not known:
        return None
    return Window(min(span.start for span in known), max(span.end for span in known))


def _span(interval: Part) -> Window | None:
    if physical := interval.find("physicalTimeInterval"):
        return Window(instant(physical.member("startTime")), instant(physical.member("endTime")))
    if civil := interval.find("civilDateTimeInterval"):
        start, end = (
            civil_time(civil.member("startDateTime")),
            civil_time(civil.member("endDateTime")),
        )
        return Window(start - _ANY_ZONE, end + _ANY_ZONE)
    if written := interval.find("civilIso8601TimeInterval"):
        start, end = (
            written_civil_time(written.member("startTime")),
            written_civil_time(written.member("endTime")),
        )
        return Window(start - _ANY_ZONE, end + _ANY_ZONE)
    return None
