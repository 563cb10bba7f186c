"""Signing keys that an EHR publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

KINDS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}

SHORTEST_MODULUS = 342  # characters: 2048 bits at 6 bits each


def parse_keys(document: Mapping[str, Any]) -> KeySet:
    """The RSA and EC signing keys of a JWKS document; what cannot be read is left out."""
    entries = document.get("keys")
    keys = [_key(entry) for entry in entries] if isinstance(entries, list) else []
    return KeySet([key for key in keys if key is not None])


def _key(entry: object) -> RSAKey | ECKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    kind = KINDS.get(str(entry.get("kty")))
    if kind is None or _is_weak(entry):
        return None
    try:
        return kind.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_weak(entry: Mapping[str, Any]) -> bool:
    """An RSA modulus of less than 2048 bits, told by the length of its base64 text."""
    return entry.get("kty") == "RSA" and len(str(entry.get("n", ""))) < SHORTEST_MODULUS
