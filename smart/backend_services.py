"""Backend Services (SMART App Launch 2.2): the delivery role's own access, without a user."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from smart import scopes
from smart.answers import json_object
from smart.client_authentication import MAXIMUM_BYTES, post_as_backend
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.token_response import Tokens, parse_tokens

EARLY_SECONDS = 30.0


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
        """Tell whether `letter` (c, r, u, d, s) was asked for and granted; raises as `token`."""
        granted = self._current("").scopes
        asked = self._ehr.tenant.backend_scopes
        return scopes.permits(granted, kind, letter) and scopes.permits(asked, kind, letter)

    def _current(self, refused: str) -> Tokens:
        with self._lock:
            held = self._tokens
            if held and held.access != refused and self._clock() < self._good_until:
                return held
            asked_at = self._clock()
            self._tokens = fresh = self._request()
            early = min(EARLY_SECONDS, fresh.seconds / 10)
            self._good_until = asked_at + fresh.seconds - early
            return fresh

    def _request(self) -> Tokens:
        """Ask for a token; an EHR that names no scope has granted nothing that writes."""
        asked = self._ehr.asked(self._ehr.tenant.backend_scopes)
        answer = post_as_backend(
            self._ehr,
            self._ehr.configuration().token_endpoint,
            {"grant_type": "client_credentials", "scope": " ".join(asked)},
        )
        document = json_object(answer, limit=MAXIMUM_BYTES)
        if answer.status_code == 200:
            return parse_tokens(document, scopes.reading_only(asked))
        error = str(document.get("error"))[:60]
        raise EhrMisconfigured(f"the token endpoint answered {answer.status_code} ({error})")
