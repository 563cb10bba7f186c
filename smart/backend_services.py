"""Backend Services (SMART App Launch 2.2): the delivery role's own access, without a user."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from smart import scopes
from smart.answers import json_object, send
from smart.assertion import assertion_fields
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.token_response import Tokens, parse_tokens

EARLY_SECONDS = 30.0
MAXIMUM_BYTES = 256_000


class BackendToken:
    """An access token by client credentials, kept until shortly before it expires. Thread-safe."""

    def __init__(self, ehr: Ehr, clock: Callable[[], float] = time.monotonic) -> None:
        self._ehr = ehr
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._good_until = 0.0

    def token(self) -> str:
        """A token that is good now. Raises EhrUnavailable, EhrMisconfigured."""
        return self._current("").access

    def renewed(self, refused: str) -> str:
        """Another token after the EHR refused `refused`; callers at once ask for one only."""
        return self._current(refused).access

    def allows(self, kind: str, letter: str) -> bool:
        """Tell whether the granted scopes allow `letter` (c, r, u, d, s); raises as `token`."""
        return scopes.permits(self._current("").scopes, kind, letter)

    def _current(self, refused: str) -> Tokens:
        with self._lock:
            held = self._tokens
            if held and held.access != refused and self._clock() < self._good_until:
                return held
            self._tokens = fresh = self._request()
            self._good_until = self._clock() + max(fresh.seconds - EARLY_SECONDS, 0.0)
            return fresh

    def _request(self) -> Tokens:
        tenant, url = self._ehr.tenant, self._ehr.configuration().token_endpoint
        answer = send(
            self._ehr.egress,
            "POST",
            url,
            data={
                "grant_type": "client_credentials",
                "scope": " ".join(tenant.backend_scopes),
                **assertion_fields(tenant.backend_client_id, url, self._ehr.keys),
            },
            headers={"Accept": "application/json"},
            maximum_bytes=MAXIMUM_BYTES,
        )
        document = json_object(answer, limit=MAXIMUM_BYTES)
        if answer.status_code == 200:
            return parse_tokens(document, frozenset(tenant.backend_scopes))
        error = str(document.get("error"))[:60]
        raise EhrMisconfigured(f"the token endpoint answered {answer.status_code} ({error})")
