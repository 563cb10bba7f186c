"""One registered EHR: the way to it, and what it says of itself."""

from __future__ import annotations

import threading
import time

import structlog
from joserfc.jwk import KeySet
from requests import Response

from config.settings import Tenant
from safeguards.egress import Egress
from smart import scopes
from smart.answers import json_object, send
from smart.cached import Entry, Kept, freshness
from smart.capability_statement import as_configuration
from smart.discovery import Configuration, parse_configuration
from smart.errors import EhrMisconfigured
from smart.habits import Habits, KnownHabits
from smart.keys import ClientKeys
from smart.keysets import parse_keys

FRESH_SECONDS = 10.0  # asked for anew, keys are still not fetched more often than this
MAXIMUM_BYTES = 256_000
LARGEST_STATEMENT = 8_000_000


class Ehr:
    """A tenant's EHR. Thread-safe; discovery and keys are kept as long as the EHR says."""

    def __init__(self, tenant: Tenant, keys: ClientKeys, egress: Egress | None = None) -> None:
        self.tenant = tenant
        self.keys = keys
        self.egress = egress or Egress.to_ehr(tenant)
        self._habits = KnownHabits(tenant.issuer, self.egress)
        self._lock = threading.Lock()
        self._configuration: Entry[Configuration] | None = None
        self._signing_keys: dict[str, Entry[KeySet]] = {}

    @property
    def base(self) -> str:
        """The FHIR base URL exactly as registered."""
        return self.tenant.issuer

    def habits(self) -> Habits:
        """How it wants to be searched; kept for an hour, UNKNOWN where it does not tell."""
        return self._habits.get()

    def configuration(self) -> Configuration:
        """What the EHR says of itself. Raises EhrUnavailable, EhrMisconfigured."""
        with self._lock:
            held = self._configuration
            if held is None or time.monotonic() >= held.until:
                held = self._configuration = self._discover()
            return held.value

    def asked(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Scopes as this EHR knows them. Raises EhrUnavailable, EhrMisconfigured."""
        try:
            return scopes.asked(wanted, version_2=self.configuration().knows_scopes_v2)
        except scopes.BadScope as error:
            raise EhrMisconfigured(str(error)) from error

    def identity_issuer(self, said: str) -> str:
        """Who may sign id_tokens here; `said` is what a token says, before it is proved.

        An EHR that names its issuer has that one only. An older one names none: then it is
        whom the token names, if the site allows its origin. Raises EhrUnavailable,
        EhrMisconfigured.
        """
        named = self.configuration().identity_issuer
        if not named and not self.egress.allows(said):
            raise EhrMisconfigured("the EHR names no OpenID Connect issuer that this site allows")
        return named or said

    def signing_keys(self, issuer: str, *, fresh: bool = False) -> KeySet:
        """The keys `issuer` signs id_tokens with; `fresh` after a key was not found among them.

        Raises EhrUnavailable, EhrMisconfigured.
        """
        uri = self.configuration().jwks_uri
        with self._lock:
            held, now = self._signing_keys.get(issuer), time.monotonic()
            if held is None or now >= (held.since + FRESH_SECONDS if fresh else held.until):
                held = self._fetch_keys(uri or self._openid_keys_uri(issuer))
                self._signing_keys[issuer] = held
            return held.value

    def _discover(self) -> Entry[Configuration]:
        base = self.base.rstrip("/")
        answer = self._get(f"{base}/.well-known/smart-configuration", MAXIMUM_BYTES)
        if answer.status_code == 404:
            return self._discover_as_before(f"{base}/metadata")
        document = _document(answer)
        found = parse_configuration(document, self.base, self.egress.allows)
        return _entry(found, answer)

    def _discover_as_before(self, url: str) -> Entry[Configuration]:
        """The deprecated way, for servers that know no other."""
        answer = self._get(url, LARGEST_STATEMENT, "application/fhir+json")
        document = as_configuration(_document(answer, LARGEST_STATEMENT))
        found = parse_configuration(document, self.base, self.egress.allows, "capability-statement")
        log = structlog.get_logger()
        log.warning("discovered from the capability statement", tenant=self.tenant.id)
        return _entry(found, answer)

    def _openid_keys_uri(self, issuer: str) -> str:
        """Where `issuer` itself says its keys are (OpenID Connect Discovery 1.0, section 4)."""
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        document = _document(self._get(url, MAXIMUM_BYTES))
        uri = document.get("jwks_uri")
        if document.get("issuer") != issuer:
            raise EhrMisconfigured("the OpenID configuration is another issuer's")
        if not isinstance(uri, str) or not self.egress.allows(uri):
            raise EhrMisconfigured("the EHR names no jwks_uri that this site allows")
        return uri

    def _fetch_keys(self, uri: str) -> Entry[KeySet]:
        answer = self._get(uri, MAXIMUM_BYTES)
        return _entry(parse_keys(_document(answer)), answer)

    def _get(self, url: str, limit: int, accept: str = "application/json") -> Response:
        headers = {"Accept": accept}
        return send(self.egress, "GET", url, headers=headers, maximum_bytes=limit)


def _document(answer: Response, limit: int = MAXIMUM_BYTES) -> dict[str, object]:
    if answer.status_code != 200:
        raise EhrMisconfigured(f"{answer.url} answered {answer.status_code}")
    return json_object(answer, limit=limit)


def _entry(value: Kept, answer: Response) -> Entry[Kept]:
    now = time.monotonic()
    return Entry(value, now, now + freshness(answer))
