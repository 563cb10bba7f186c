"""Requests to a vendor: what the network does wrong becomes VendorDown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeguards.egress import Egress, Unreachable
from wearable_agg.vendors.errors import VendorDown

if TYPE_CHECKING:
    from requests import Response

LONGEST_WAIT_SECONDS = 3600.0


def send(http: Egress, method: str, url: str, **options: Any) -> Response:
    """Send a request; raises VendorDown where no answer or a server's fault (5xx) comes."""
    try:
        answer = http.request(method, url, **options)
    except Unreachable as error:
        raise VendorDown(str(error)) from error
    if answer.status_code >= 500:
        raise VendorDown(f"{method} {url}: {answer.status_code}")
    return answer


def retry_after(answer: Response, usual: float) -> float:
    """Return the seconds the vendor asks us to wait; `usual` where it does not say."""
    text = answer.headers.get("Retry-After", "")
    return min(max(float(text), 1.0), LONGEST_WAIT_SECONDS) if text.isdigit() else usual
