"""Requests of the delivery role to a FHIR base: access, scope, and what the wire can do to them."""

from __future__ import annotations

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from safeguards.egress import Egress, Token, Unreachable
from safeguards.egress import Refused as OutOfBounds
from safeguards.strict_json import dumps
from smart.backend_services import BackendToken
from smart.chart_reply import Answer
from smart.errors import EhrError
from wearable_agg.delivery.chart import Ambiguous, Failure, NotSent, Refused, Resource

RENEWALS = 2
"""A token that others share may be refused twice running without any fault of the access."""

_JSON = "application/fhir+json"
_WORDS = {"c": "create", "s": "search", "u": "update"}


class Stopped(Exception):
    """There is no answer to read; `failure` says what that means."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class Wire:
    """Sends to one FHIR base; a refused token is renewed."""

    def __init__(self, base: str, egress: Egress, access: BackendToken) -> None:
        self.base = base.rstrip("/")
        self._egress = egress
        self._access = access

    def grants(self, kind: str, letter: str) -> bool:
        """Tell whether the EHR granted the interaction. Raises Stopped where it cannot be asked."""
        try:
            return self._access.allows(kind, letter)
        except EhrError as error:
            raise Stopped(NotSent(f"No access: {error}")) from error

    def demand(self, kind: str, letter: str) -> None:
        """Raise Stopped unless the EHR granted the interaction: then nothing is sent."""
        if not self.grants(kind, letter):
            raise Stopped(Refused(f"The EHR does not let us {_WORDS[letter]} {kind}"))

    def send(self, method: str, path: str, body: Resource | None = None, **headers: str) -> Answer:
        """Send one request; header names come with underscores for hyphens. Raises Stopped."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            token = self._access.token()
            answer = self._send(method, path, body, named, token)
            for _ in range(RENEWALS):
                if answer.status != 401:
                    break
                token = self._access.renewed(token)
                answer = self._send(method, path, body, named, token)
        except EhrError as error:
            raise Stopped(NotSent(f"No access: {error}")) from error
        return answer

    def _send(
        self,
        method: str,
        path: str,
        body: Resource | None,
        headers: dict[str, str],
        token: str,
    ) -> Answer:
        base = {"Accept": _JSON}
        content = {} if body is None else {"Content-Type": _JSON}
        data = None if body is None else dumps(body).encode()
        try:
            answer = self._egress.request(
                method,
                self.base + path,
                data=data,
                headers={**base, **content, **headers},
                bearer=Token(self.base, token),
            )
        except OutOfBounds as error:
            raise Stopped(Refused(str(error))) from error
        except Unreachable as error:
            raise Stopped(_silence(method, error)) from error
        return Answer.read(answer.status_code, answer.headers, answer.content)


def _silence(method: str, error: Unreachable) -> Failure:
    """Tell a request that never left, or changes nothing, from one that may have arrived."""
    if method == "GET" or _never_left(error.__cause__):
        return NotSent("The EHR is out of reach")
    return Ambiguous("The EHR's answer did not come")


def _never_left(cause: BaseException | None) -> bool:
    if isinstance(cause, requests.ConnectTimeout):
        return True
    reason = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
