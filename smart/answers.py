"""Requests to the EHR, with what happens on the wire put into our own errors."""

from __future__ import annotations

from typing import Any

from requests import Response

from safeguards.egress import Egress, Refused, Unreachable
from safeguards.strict_json import Malformed, loads
from smart.errors import EhrMisconfigured, EhrUnavailable

BUSY = frozenset({408, 425, 429})


def send(egress: Egress, method: str, url: str, **options: Any) -> Response:
    """Send one request; raises EhrMisconfigured (not an allowed origin) and EhrUnavailable."""
    try:
        answer = egress.request(method, url, **options)
    except Refused as error:
        raise EhrMisconfigured(str(error)) from error
    except Unreachable as error:
        raise EhrUnavailable(str(error)) from error
    if answer.status_code >= 500 or answer.status_code in BUSY:
        raise EhrUnavailable(f"the EHR answered {answer.status_code}")
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
