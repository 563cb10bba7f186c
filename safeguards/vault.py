"""Encryption at rest: AES-256-GCM with the key id in the header, bound to its place."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeguards.files import read_or_create

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class Unreadable(Exception):
    """The sealed bytes were made with another key, for another place, or were changed."""


class Vault:
    """Seals bytes so that they can only be read back in the place they were sealed for."""

    def __init__(self, keys: dict[bytes, bytes], current: bytes) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    @classmethod
    def open(cls, keys: Path) -> Vault:
        """Open the site's vault; its key file is made on first use."""
        document = json.loads(read_or_create(keys / "vault.json", _new_key_file))
        material = {
            bytes.fromhex(entry["id"]): base64.b64decode(entry["key"]) for entry in document["keys"]
        }
        return cls(material, bytes.fromhex(document["current"]))

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """Encrypt for one place, named like "tenant|table|column|row"."""
        nonce = os.urandom(_NONCE_BYTES)
        header = _VERSION + self._current
        sealed = self._ciphers[self._current].encrypt(nonce, plaintext, header + bound_to.encode())
        return header + nonce + sealed

    def unseal(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Decrypt what `seal` made for the same place; raises Unreadable."""
        header, rest = sealed[: 1 + _KEY_ID_BYTES], sealed[1 + _KEY_ID_BYTES :]
        cipher = self._ciphers.get(header[1:])
        if header[:1] != _VERSION or cipher is None:
            raise Unreadable("sealed with an unknown key or version")
        try:
            return cipher.decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + bound_to.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise Unreadable("sealed for another place, or changed") from error


def _new_key_file() -> bytes:
    key_id = os.urandom(_KEY_ID_BYTES).hex()
    key = base64.b64encode(AESGCM.generate_key(256)).decode()
    return json.dumps({"current": key_id, "keys": [{"id": key_id, "key": key}]}).encode()
