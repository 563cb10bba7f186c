"""Encryption at rest: AES-256-GCM by tenant, with the key id in the header, bound to its place."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeguards.key_encryption import KeyEncryption, KeyFile, KeyUnavailable
from safeguards.key_ring import EARLIER, KEY_ID_BYTES, KeyRing

__all__ = ["KeyUnavailable", "Unreadable", "Vault"]

_VERSION = b"\x02"
_FIRST_VERSION = b"\x01"
_FIRST_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class Unreadable(Exception):
    """The sealed bytes were made with another key, for another place, or were changed."""


class Vault:
    """Seals bytes so that they can only be read back in the place they were sealed for.

    A place is named like "tenant|table|column|row"; each tenant has data keys of its own.
    """

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    @classmethod
    def open(cls, keys: Path, encryption: KeyEncryption | None = None) -> Vault:
        """Open the site's vault; its key files are made on first use.

        `encryption` wraps the data keys: a file in the same folder where nothing else is given.
        """
        return cls(KeyRing(keys / "vault.json", encryption or KeyFile(keys / "wrapping.json")))

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """Encrypt for one place with its tenant's newest key; raises KeyUnavailable."""
        key_id, cipher = self.ring.current(_tenant(bound_to))
        header, nonce = _VERSION + bytes.fromhex(key_id), os.urandom(_NONCE_BYTES)
        return header + nonce + cipher.encrypt(nonce, plaintext, header + bound_to.encode())

    def unseal(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Decrypt what `seal` made for the same place; raises Unreadable, KeyUnavailable."""
        header, cipher = self._key_of(sealed, _tenant(bound_to))
        nonce = sealed[len(header) : len(header) + _NONCE_BYTES]
        rest = sealed[len(header) + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, header + bound_to.encode())
        except (InvalidTag, ValueError) as error:
            raise Unreadable("sealed for another place, or changed") from error

    def is_current(self, sealed: bytes, *, bound_to: str) -> bool:
        """Tell whether these bytes were sealed with the tenant's newest key."""
        key_id, _ = self.ring.current(_tenant(bound_to))
        return sealed.startswith(_VERSION + bytes.fromhex(key_id))

    def _key_of(self, sealed: bytes, tenant: str) -> tuple[bytes, AESGCM]:
        """The header of sealed bytes, and the key it names."""
        version = sealed[:1]
        size = _FIRST_KEY_ID_BYTES if version == _FIRST_VERSION else KEY_ID_BYTES
        header = sealed[: 1 + size]
        owner = EARLIER if version == _FIRST_VERSION else tenant
        cipher = self.ring.find(owner, header[1:].hex())
        if version not in (_VERSION, _FIRST_VERSION) or cipher is None:
            raise Unreadable("sealed with an unknown key or version")
        return header, cipher


def _tenant(bound_to: str) -> str:
    return bound_to.partition("|")[0]
