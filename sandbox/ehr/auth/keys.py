"""Keys: the server's own for id_tokens, and those of clients, fetched from their JWKS URL."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, RSAKey

from sandbox.ehr.clients import Client
from sandbox.ehr.database import Clock

CACHE_LIFE, REFETCH_PAUSE = timedelta(minutes=5), timedelta(seconds=1)
MAXIMUM_JWKS_BYTES = 100_000
SIGNING_KEY = "signing-key.json"


class NoKey(Exception):
    """The client has no such key, or its key set could not be had."""


def signing_key(folder: Path) -> RSAKey:
    """The RSA key of id_tokens, made on first use and kept in the data folder."""
    path = folder / SIGNING_KEY
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new_signing_key(), "utf-8")
    return _imported(path.read_text("utf-8"))


def new_signing_key() -> str:
    """The text of a key's file."""
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


@lru_cache(maxsize=1)  # to check an RSA key anew takes a tenth of a second
def _imported(text: str) -> RSAKey:
    return RSAKey.import_key(json.loads(text))


class ClientKeys:
    """Finds the key a client signed with; an unknown key id fetches the key set again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[datetime, KeySet]] = {}

    def find(self, client: Client, kid: object) -> Key:
        """The public key with this id; raises NoKey."""
        if not isinstance(kid, str) or not kid:
            raise NoKey("The assertion names no key id.")
        if client.jwks is not None:
            return _pick(_key_set(client.jwks), kid)
        try:
            return _pick(self._key_set(client, CACHE_LIFE), kid)
        except NoKey:
            return _pick(self._key_set(client, REFETCH_PAUSE), kid)

    def _key_set(self, client: Client, at_most: timedelta) -> KeySet:
        with self._lock:
            known = self._cache.get(client.client_id)
            if known and known[0] + at_most > self._clock():
                return known[1]
            keys = _key_set(_fetch(str(client.jwks_uri)))
            self._cache[client.client_id] = (self._clock(), keys)
            return keys


def _pick(keys: KeySet, kid: str) -> Key:
    for key in keys:
        if key.kid == kid:
            return key
    raise NoKey("The client has no key with this id.")


def _key_set(jwks: Any) -> KeySet:
    try:
        keys = KeySet.import_key_set(jwks)
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise NoKey("The client's key set cannot be read.") from error
    if any(key.is_private for key in keys):
        raise NoKey("The client's key set contains private keys.")
    return keys


def _fetch(address: str) -> Any:
    # Imported here: only the first signed assertion needs an HTTP client.
    import requests

    try:
        answer = requests.get(
            address,
            headers={"Accept": "application/json"},
            timeout=(3, 5),
            allow_redirects=False,
        )
        if answer.status_code != 200 or len(answer.content) > MAXIMUM_JWKS_BYTES:
            raise NoKey("The client's key set address does not answer with a key set.")
        return answer.json()
    except requests.RequestException as error:
        raise NoKey("The client's key set cannot be fetched.") from error
