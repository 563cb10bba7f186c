"""The key that wraps data keys: in a file here; a key management service can stand in."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeguards.files import alone, read_or_create, replace

_NONCE_BYTES = 12


class KeyUnavailable(Exception):
    """A data key can be neither made nor unwrapped at the moment; nothing is sealed without one."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it may be stored; `by` names the key that unwraps it."""

    by: str
    blob: bytes


class KeyEncryption(Protocol):
    """What the vault needs of a key management service. All methods raise KeyUnavailable."""

    def wrap(self, key: bytes, about: str) -> WrappedKey:
        """Wrap a data key with the newest key, bound to what it is `about`."""
        ...

    def unwrap(self, wrapped: WrappedKey, about: str) -> bytes:
        """Return the data key that was wrapped about the same."""
        ...

    def rotate(self) -> None:
        """Wrap with a new key from now on; older ones still unwrap."""
        ...

    def retire(self) -> None:
        """Give up all keys but the newest: nothing that counts is wrapped with them any more."""
        ...


class KeyFile:
    """Keeps the wrapping keys in a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrap(self, key: bytes, about: str) -> WrappedKey:
        """See `KeyEncryption`."""
        document = self._document()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(document, document["current"]).encrypt(nonce, key, about.encode())
        return WrappedKey(document["current"], nonce + sealed)

    def unwrap(self, wrapped: WrappedKey, about: str) -> bytes:
        """See `KeyEncryption`."""
        cipher = self._cipher(self._document(), wrapped.by)
        nonce, sealed = wrapped.blob[:_NONCE_BYTES], wrapped.blob[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, about.encode())
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailable(f"a data key was not wrapped as {about!r}, or changed") from error

    def rotate(self) -> None:
        """See `KeyEncryption`."""
        with alone(self._path):
            document, new = self._document(), _new_keys()
            new["keys"] |= document["keys"]
            replace(self._path, json.dumps(new).encode())

    def retire(self) -> None:
        """See `KeyEncryption`."""
        with alone(self._path):
            document = self._document()
            current = document["current"]
            document["keys"] = {current: document["keys"][current]}
            replace(self._path, json.dumps(document).encode())

    def _document(self) -> dict[str, Any]:
        raw = read_or_create(self._path, lambda: json.dumps(_new_keys()).encode())
        try:
            document: dict[str, Any] = json.loads(raw)
        except ValueError as error:
            raise KeyUnavailable(f"{self._path} is not a key file") from error
        return document

    def _cipher(self, document: dict[str, Any], key_id: str) -> AESGCM:
        try:
            return AESGCM(base64.b64decode(document["keys"][key_id]))
        except (KeyError, ValueError) as error:
            raise KeyUnavailable(f"{self._path} has no usable key {key_id}") from error


def _new_keys() -> dict[str, Any]:
    key_id = os.urandom(4).hex()
    key = base64.b64encode(AESGCM.generate_key(256)).decode()
    return {"current": key_id, "keys": {key_id: key}}
