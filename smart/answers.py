"""Requests to the EHR, with what happens on the wire put into our own errors."""

from __future__ import annotations

from typing import Any

from requests import Response

from safeguards.egress import Egress, NotConnected, Refused, Unreachable
from safeguards.strict_json import Malformed, loads
from smart.errors import EhrBusy, EhrMisconfigured, EhrUnavailable, NoAnswer
from smart.patience import asked_to_wait

BUSY = frozenset({429, 503})
UNAVAILABLE = frozenset({408, 425})


def send(egress: Egress, method: str, url: str, **options: Any) -> Response:
    """Send one request.

    Raises EhrMisconfigured (not an allowed origin), EhrBusy (429, 503), NoAnswer (it may have
    taken effect) and EhrUnavailable.
    """
    try:
        answer = egress.request(method, url, **options)
    except Refused as error:
        raise EhrMisconfigured(str(error)) from error
    except NotConnected as error:
        raise EhrUnavailable(str(error)) from error
    except Unreachable as error:
        raise NoAnswer(str(error)) from error
    status = answer.status_code
    if status in BUSY:
        raise EhrBusy(f"the EHR answered {status}", asked_to_wait(answer.headers))
    if status >= 500 or status in UNAVAILABLE:
        raise EhrUnavailable(f"the EHR answered {status}")
    return answer


def json_object(answer: Response, *, limit: int = 1_000_000) -> dict[str, Any]:
    """The answer's JSON object; raises EhrMisconfigured for anything else."""
    try:
        document = loads(answer.content, limit=limit)
    except Malformed as error:
        raise EhrMisconfigured(f"not the JSON that was asked for: {error}") from error
    if not isinstance(document, dict):
        raise EhrMisconfigured("not a JSON object")
    return document
