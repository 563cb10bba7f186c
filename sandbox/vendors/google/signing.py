"""Signed notifications: ECDSA P-256 in Tink's form, and the public key set."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.vendors.store import Store

_PARAMETERS = bytes([0x08, 3, 0x10, 2, 0x18, 2])
"""Tink's EcdsaParams: SHA256, NIST_P256, DER."""
_TYPE = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"


def rotate(store: Store) -> int:
    """Make a new signing key, used from now on; return its id. Older keys stay in the key set."""
    key_id = 1 + secrets.randbelow(2**32 - 1)
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    statement = "INSERT INTO signing_keys (key_id, private) VALUES (?, ?)"
    store.execute(statement, key_id, pem.decode())
    return key_id


def sign(store: Store, raw: bytes) -> str:
    """Return the signature header for a body: base64 of 0x01, key id, DER signature."""
    key_id, key = _keys(store)[-1]
    signature = key.sign(raw, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(b"\x01" + key_id.to_bytes(4, "big") + signature).decode()


def keyset(store: Store) -> dict[str, Any]:
    """Return the public keys as a Tink JSON key set."""
    keys = _keys(store)
    return {"primaryKeyId": keys[-1][0], "key": [_public(key_id, key) for key_id, key in keys]}


def _keys(store: Store) -> list[tuple[int, ec.EllipticCurvePrivateKey]]:
    if store.row("SELECT 1 FROM signing_keys") is None:
        rotate(store)
    return [
        (row["key_id"], _private(row["private"]))
        for row in store.rows("SELECT * FROM signing_keys ORDER BY position")
    ]


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic-curve key")
    return key


def _public(key_id: int, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    message = (
        _field(2, _PARAMETERS)
        + _field(3, _coordinate(numbers.x))
        + _field(4, _coordinate(numbers.y))
    )
    return {
        "keyId": key_id,
        "status": "ENABLED",
        "outputPrefixType": "TINK",
        "keyData": {
            "typeUrl": _TYPE,
            "keyMaterialType": "ASYMMETRIC_PUBLIC",
            "value": base64.b64encode(message).decode(),
        },
    }


def _coordinate(value: int) -> bytes:
    """Return a coordinate as Tink writes it, with a leading zero byte."""
    return value.to_bytes(33, "big")


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited protobuf field."""
    return bytes([number << 3 | 2, len(content)]) + content
