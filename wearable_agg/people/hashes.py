"""Random secrets that travel in addresses and cookies, and what is kept of them."""

from __future__ import annotations

import hashlib

TOKEN_BYTES = 24
"""192 bits: nobody finds one by trying."""


def hashed(secret: str) -> str:
    """Return what is kept of a secret: enough to know it again."""
    return hashlib.sha256(secret.encode()).hexdigest()
