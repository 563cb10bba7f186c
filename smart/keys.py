"""The key pair this installation shows to EHRs as its client identity."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from safeguards.files import read_or_create

FILE_NAME = "client_keys.json"


class KeysUnusable(Exception):
    """The key file cannot be used as it is: an administrator must mend or replace it."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """EC P-384 keys for ES384 client assertions.

    The first key signs; all are published, so that a rotation can overlap: put the new
    key first and leave the old one until every EHR has fetched the set again.
    """

    keys: tuple[ECKey, ...]

    @classmethod
    def open(cls, keys: Path) -> ClientKeys:
        """Read ``client_keys.json`` in the folder ``keys``; create it (mode 0600) on first use.

        Safe when several processes open it first at once. Raises KeysUnusable.
        """
        path = keys / FILE_NAME
        content = read_or_create(path, _new_key_file)
        if path.stat().st_mode & 0o077:
            raise KeysUnusable(f"{path} can be read by others; set its mode to 600")
        return cls(_parse(content, path))

    @property
    def signing(self) -> ECKey:
        """The key that signs new assertions."""
        return self.keys[0]

    def public_jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set to publish: no private parts, ready for ``json.dumps``."""
        return {"keys": [_public(key) for key in self.keys]}


def _new_key_file() -> bytes:
    key = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, auto_kid=True)
    return json.dumps({"keys": [key.as_dict(private=True)]}).encode()


def _parse(content: bytes, path: Path) -> tuple[ECKey, ...]:
    try:
        keys = tuple(ECKey.import_key(entry) for entry in json.loads(content)["keys"])
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise KeysUnusable(f"{path} holds no readable key set") from error
    if not keys or any(not _signs(key) for key in keys):
        raise KeysUnusable(f"{path} must hold private P-384 keys, each with a kid")
    return keys


def _signs(key: ECKey) -> bool:
    return key.is_private and key.curve_name == "P-384" and bool(key.kid)


def _public(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "use": "sig", "alg": "ES384", "key_ops": ["verify"]}
