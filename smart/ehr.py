"""One registered EHR: the way to it, and what it says of itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from joserfc.jwk import KeySet

from config.settings import Tenant
from safeguards.egress import Egress
from smart.answers import json_object, send
from smart.discovery import Configuration, parse_configuration
from smart.errors import EhrMisconfigured
from smart.keys import ClientKeys
from smart.keysets import parse_keys

KEEP_SECONDS = 600.0
FRESH_SECONDS = 10.0  # asked for anew, keys are still not fetched more often than this
MAXIMUM_BYTES = 256_000

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Kept]):
    value: Kept
    since: float


class Ehr:
    """A tenant's EHR. Thread-safe; discovery and keys are kept for ten minutes."""

    def __init__(self, tenant: Tenant, keys: ClientKeys, egress: Egress | None = None) -> None:
        self.tenant = tenant
        self.keys = keys
        self.egress = egress or Egress([tenant.issuer, *tenant.endpoint_origins])
        self._lock = threading.Lock()
        self._configuration: _Entry[Configuration] | None = None
        self._signing_keys: _Entry[KeySet] | None = None

    @property
    def base(self) -> str:
        """The FHIR base URL exactly as registered."""
        return self.tenant.issuer

    def configuration(self) -> Configuration:
        """What the EHR says of itself. Raises EhrUnavailable, EhrMisconfigured."""
        with self._lock:
            self._configuration = _kept(self._configuration, self._discover, KEEP_SECONDS)
            return self._configuration.value

    def signing_keys(self, *, fresh: bool = False) -> KeySet:
        """The keys the EHR signs id_tokens with; `fresh` after a key was not found among them.

        Raises EhrUnavailable, EhrMisconfigured.
        """
        uri = self.configuration().jwks_uri
        if not uri:
            raise EhrMisconfigured("the EHR names no jwks_uri")
        seconds = FRESH_SECONDS if fresh else KEEP_SECONDS
        with self._lock:
            self._signing_keys = _kept(self._signing_keys, lambda: self._fetch_keys(uri), seconds)
            return self._signing_keys.value

    def _discover(self) -> Configuration:
        url = self.base.rstrip("/") + "/.well-known/smart-configuration"
        document = self._document(url)
        return parse_configuration(document, self.base, self.egress.allows)

    def _fetch_keys(self, uri: str) -> KeySet:
        return parse_keys(self._document(uri))

    def _document(self, url: str) -> dict[str, object]:
        headers = {"Accept": "application/json"}
        answer = send(self.egress, "GET", url, headers=headers, maximum_bytes=MAXIMUM_BYTES)
        if answer.status_code != 200:
            raise EhrMisconfigured(f"{url} answered {answer.status_code}")
        return json_object(answer, limit=MAXIMUM_BYTES)


def _kept(entry: _Entry[Kept] | None, fetch: Callable[[], Kept], seconds: float) -> _Entry[Kept]:
    if entry is not None and time.monotonic() - entry.since < seconds:
        return entry
    return _Entry(fetch(), time.monotonic())
