"""Google's refusals, told apart by what can be done about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeguards.strict_json import Malformed
from wearable_agg.vendors.answers import Part, read, text_of
from wearable_agg.vendors.errors import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    RequestRefused,
    TryLater,
    Unusable,
    VendorDown,
    VendorError,
)
from wearable_agg.vendors.sending import retry_after

if TYPE_CHECKING:
    from requests import Response

QUOTA_SECONDS = 20.0
"""First pause after 429: quotas are per minute, and Google documents no Retry-After."""


def check(answer: Response) -> None:
    """Raise what a data endpoint's answer other than 200 means."""
    if answer.status_code != 200:
        raise _refusal(answer)


def check_token(answer: Response) -> None:
    """Raise what a token endpoint's answer other than 200 means (RFC 6749 section 5.2)."""
    if answer.status_code == 429:
        raise TryLater(retry_after(answer, QUOTA_SECONDS))
    if answer.status_code == 400 and _member(answer, "error") == "invalid_grant":
        raise LinkBroken("invalid_grant")
    if answer.status_code != 200:
        raise RequestRefused(f"token endpoint: {answer.status_code}")


def body(answer: Response) -> Part:
    """Return a successful answer's JSON; raises VendorDown where it is none."""
    try:
        return read(answer.content)
    except Malformed as error:
        raise VendorDown(f"unreadable answer: {error}") from error


def meaning(status: int, reason: str, wait: float = QUOTA_SECONDS) -> VendorError:
    """Return what an error's HTTP status and reason mean for the caller."""
    if status == 401:
        return AccessRefused("401")
    if status == 403:
        return NotPermitted(reason or "403")
    if status == 429:
        return TryLater(wait)
    if reason == "ACCOUNT_NOT_LINKED":
        return LinkBroken("the account has no Google Health profile")
    if 400 <= status < 500:
        return RequestRefused(f"{status} {reason}".strip())
    return VendorDown(f"unexpected answer {status}")


def reason_of(error: Part) -> str:
    """Return the reason in google.rpc.ErrorInfo, empty where there is none; raises Unusable."""
    details = error.find("details")
    return next((text_of(one.find("reason")) for one in details.items()), "") if details else ""


def _refusal(answer: Response) -> VendorError:
    return meaning(answer.status_code, _reason(answer), retry_after(answer, QUOTA_SECONDS))


def _member(answer: Response, name: str) -> str:
    try:
        return text_of(read(answer.content).find(name))
    except (Malformed, Unusable):
        return ""


def _reason(answer: Response) -> str:
    try:
        return reason_of(read(answer.content).member("error"))
    except (Malformed, Unusable):
        return ""
