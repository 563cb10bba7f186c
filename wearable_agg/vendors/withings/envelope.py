"""Withings' envelope: HTTP 200 always, the outcome in `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.settings import VendorApp
from safeguards.egress import Token
from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import Part, read, text_of
from wearable_agg.vendors.errors import (
    AccessRefused,
    NotPermitted,
    RequestRefused,
    TryLater,
    Unusable,
    VendorDown,
    VendorError,
)
from wearable_agg.vendors.sending import retry_after, send

if TYPE_CHECKING:
    from requests import Response

    from safeguards.egress import Egress

AUTHENTICATION_FAILED = frozenset({100, 101, 102, 200, 401})
NOT_AUTHORISED = frozenset({214, 277, 2553, 2555})
TOO_MANY = 601
QUOTA_SECONDS = 60.0
"""Pause after status 601: limits are per minute, and no header says how much is left of it."""

_INVALID_RANGES = (
    *((201, 213), (216, 218), (220, 221), (227, 230), (234, 236), (240, 252), (260, 267)),
    *((271, 272), (275, 276), (283, 288), (297, 297), (300, 304), (323, 353), (380, 382)),
    *((501, 511), (3017, 3019)),
)
_INVALID = frozenset(
    {223, 225, 238, 254, 290, 293, 294, 295, 321, 400, 523, 532, 2554}
    | {status for low, high in _INVALID_RANGES for status in range(low, high + 1)}
)
"""The families "invalid parameters" and "not implemented": repeating them cannot help."""


def call(http: Egress, app: VendorApp, path: str, access: str, form: dict[str, str]) -> Response:
    """Call a service with a person's access token and check the outcome.

    Raises AccessRefused, NotPermitted, TryLater, RequestRefused and VendorDown.
    """
    bearer = Token(app.api_url, access)
    answer = send(http, "POST", f"{app.api_url}/{path}", data=form, bearer=bearer)
    body(answer)
    return answer


def body(answer: Response) -> Part:
    """Return the body of a successful answer; raises what another status means."""
    if answer.status_code != 200:
        raise VendorDown(f"unexpected answer {answer.status_code}")
    try:
        envelope = read(answer.content)
        status = envelope.member("status").integer()
        if status == 0:
            return envelope.member("body")
        error = text_of(envelope.find("error"))
    except (Malformed, Unusable) as fault:
        raise VendorDown(f"unreadable answer: {fault}") from fault
    raise refusal(status, error, retry_after(answer, QUOTA_SECONDS))


def refusal(status: int, error: str, wait: float = QUOTA_SECONDS) -> VendorError:
    """Return what a status other than 0 means for the caller."""
    if status in AUTHENTICATION_FAILED:
        return AccessRefused(f"status {status}")
    if status in NOT_AUTHORISED:
        return NotPermitted(f"status {status}")
    if status == TOO_MANY:
        return TryLater(wait, of_application=True)
    if status in _INVALID:
        return RequestRefused(f"status {status}: {error}")
    return VendorDown(f"status {status}: {error}")
