"""The simulators' own way out, to the app's webhooks."""

from __future__ import annotations

from collections.abc import Mapping

import requests

AGENT = "Google-Health-API-Webhooks/1.0 (simulated)"

_session = requests.Session()
_session.trust_env = False


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """POST bytes and return the status; raises requests.RequestException."""
    return _send("POST", url, body, headers, seconds)


def probe(url: str, method: str, seconds: float) -> int:
    """Ask without a body and return the status; raises requests.RequestException."""
    return _send(method, url, b"", {}, seconds)


def _send(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    with _session.request(
        method, url, data=body, headers=headers, timeout=seconds, allow_redirects=False
    ) as answer:
        return answer.status_code
