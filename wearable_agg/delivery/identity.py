"""Identifiers of what we write: the same for the same thing for ever, and saying nothing of it."""

from __future__ import annotations

import hashlib
import hmac
import os
import uuid
from datetime import date
from pathlib import Path

from config.clinical import load
from safeguards.files import read_or_create
from wearable_agg.delivery.chart import Identifier

_KEY_FILE = "flag-identity.key"
_KEY_BYTES = 32


class Identity:
    """Names resources by a keyed hash, so that nobody can confirm a patient by guessing.

    The key is never rotated with others: with another key each Flag would be written again.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open(cls, keys: Path) -> Identity:
        """Open the site's key; it is made on first use, readable by its owner only."""
        return cls(read_or_create(keys / _KEY_FILE, lambda: os.urandom(_KEY_BYTES)))

    @property
    def fingerprint(self) -> str:
        """Tells this key from others without telling the key."""
        return hmac.digest(self._key, b"fingerprint", hashlib.sha256)[:8].hex()

    def flag(self, issuer: str, patient: str, kind: str, trigger: str) -> Identifier:
        """Name the Flag that the source event `trigger` gave rise to."""
        return self._name("flag", f"v1|{issuer}|{patient}|{kind}|{trigger}")

    def evidence(self, issuer: str, patient: str, kind: str, trigger: str) -> Identifier:
        """Name the Observation that holds the evidence for that Flag."""
        return self._name("observation", f"v1|{issuer}|{patient}|evidence|{kind}|{trigger}")

    def message(self, issuer: str, patient: str, kind: str, trigger: str) -> Identifier:
        """Name the Communication or note that tells of it where there can be no Flag."""
        return self._name("message", f"v1|{issuer}|{patient}|message|{kind}|{trigger}")

    def day(self, issuer: str, patient: str, measure: str, day: date) -> Identifier:
        """Name the Observation of one local day's total."""
        return self._name("observation", f"v1|{issuer}|{patient}|day|{measure}|{day.isoformat()}")

    def _name(self, space: str, text: str) -> Identifier:
        digest = hmac.digest(self._key, text.encode(), hashlib.sha256)
        return Identifier(load("findings")["identifiers"][space], str(_version_8(digest)))


def _version_8(digest: bytes) -> uuid.UUID:
    """Lay the first 122 bits of a digest out as a UUID of version 8 (RFC 9562, section 5.8)."""
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=number)
