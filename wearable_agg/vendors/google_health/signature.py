"""Google's signature over a notification: ECDSA P-256 in Tink's form."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.errors import NotAuthentic, UnknownKey, Unusable

HEADERS = ("google-health-api-signature", "x-healthapi-signature")
"""Google's guide and its reference name the header differently."""

_TINK_PREFIX = 5
_LENGTH_DELIMITED = 2
_X, _Y = 3, 4
"""Field numbers of Tink's EcdsaPublicKey."""


def verify(headers: Mapping[str, str], raw: bytes, keyset: bytes) -> None:
    """Verify a body; raises NotAuthentic, and UnknownKey where the key set lacks the key."""
    given = {name.lower(): value for name, value in headers.items()}
    header = next((given[name] for name in HEADERS if name in given), "")
    try:
        signature = base64.b64decode(header, validate=True)
    except ValueError:
        raise NotAuthentic("signature is not base64") from None
    if len(signature) <= _TINK_PREFIX or signature[0] != 1:
        raise NotAuthentic("no signature in Tink's form")
    key = public_keys(keyset).get(int.from_bytes(signature[1:_TINK_PREFIX], "big"))
    if key is None:
        raise UnknownKey("signed with a key that is not in the key set")
    try:
        key.verify(signature[_TINK_PREFIX:], raw, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise NotAuthentic("the signature does not match") from None


@lru_cache(maxsize=4)
def public_keys(keyset: bytes) -> dict[int, ec.EllipticCurvePublicKey]:
    """Read the enabled keys of a Tink JSON key set; raises Malformed and Unusable."""
    keys = {}
    for entry in read(keyset).member("key").items():
        data = entry.member("keyData")
        enabled = entry.member("status").text() == "ENABLED"
        tink = entry.member("outputPrefixType").text() == "TINK"
        if enabled and tink and data.member("typeUrl").text().endswith("EcdsaPublicKey"):
            keys[entry.member("keyId").integer()] = _public_key(data.member("value"))
    return keys


def _public_key(part: Part) -> ec.EllipticCurvePublicKey:
    try:
        fields = _fields(base64.b64decode(part.text(), validate=True))
        x, y = (int.from_bytes(fields[number], "big") for number in (_X, _Y))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (ValueError, KeyError, IndexError):
        raise Unusable(part.path, "not a P-256 public key") from None


def _fields(message: bytes) -> dict[int, bytes]:
    """Return the length-delimited fields of a protobuf message; raises IndexError at its end."""
    fields: dict[int, bytes] = {}
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, position = _varint(message, position)
        if tag & 7 == _LENGTH_DELIMITED:
            fields[tag >> 3] = message[position : position + number]
            position += number
    return fields


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
