"""The data keys of every tenant, wrapped, in one file that several processes share.

A process notices a new current key by the file's stamp, and an unknown key id makes it look
again, so keys change under running processes.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from safeguards.files import alone, read_or_create, replace
from safeguards.key_encryption import KeyEncryption, KeyUnavailable, WrappedKey

VERSION = 2
KEY_ID_BYTES = 8
EARLIER = ""  # whose keys those of the first format are: one key for the whole site, unwrapped

Document = dict[str, Any]
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """What may be told of a tenant's keys; `made` is when the current one was, in ISO 8601."""

    tenant: str
    count: int
    current: str
    made: str
    wrapped_by: str


class KeyRing:
    """Hands out data keys by tenant and id; keeps those it has unwrapped in memory."""

    def __init__(self, path: Path, encryption: KeyEncryption) -> None:
        self._path, self._encryption = path, encryption
        self._ciphers: dict[tuple[str, str], AESGCM] = {}
        self._stamp: Stamp | None = None
        self._held: Document = {}
        read_or_create(path, lambda: _written(_empty()))
        if self._document().get("version") != VERSION:
            self._change(self._bring_up_to_date)

    def current(self, tenant: str) -> tuple[str, AESGCM]:
        """The key to seal with now, and its id; a tenant's first is made here.

        Raises KeyUnavailable.
        """
        if tenant not in self._document()["tenants"]:
            self._change(lambda document: self._add(document, tenant, only_first=True))
        key_id = str(self._document()["tenants"][tenant]["current"])
        return key_id, self._cipher(tenant, key_id)

    def find(self, tenant: str, key_id: str) -> AESGCM | None:
        """A tenant's key by its id; None where it has none such. Raises KeyUnavailable."""
        known = (tenant, key_id) in self._ciphers or key_id in _keys(self._document(), tenant)
        return self._cipher(tenant, key_id) if known else None

    def rotate(self) -> None:
        """Give every tenant a new key to seal with; the old ones still read."""

        def add_all(document: Document) -> None:
            for tenant in document["tenants"]:
                if tenant != EARLIER:
                    self._add(document, tenant)

        self._change(add_all)

    def rewrap(self) -> None:
        """Wrap all data keys with a new wrapping key, and give up the old one.

        Sealed data is not touched. Killed at any point, every key can still be unwrapped.
        """
        self._encryption.rotate()
        self._change(self._wrap_again)
        self._encryption.retire()

    def show(self) -> list[TenantKeys]:
        """Every tenant's keys, without the keys."""
        tenants = self._document()["tenants"]
        return [_told(name, tenants[name]) for name in sorted(tenants) if name != EARLIER]

    def _cipher(self, tenant: str, key_id: str) -> AESGCM:
        if (tenant, key_id) not in self._ciphers:
            self._ciphers[tenant, key_id] = AESGCM(self._unwrapped(tenant, key_id))
        return self._ciphers[tenant, key_id]

    def _unwrapped(self, tenant: str, key_id: str) -> bytes:
        entry = _keys(self._document(), tenant)[key_id]
        try:
            return self._encryption.unwrap(_wrapped(entry), _about(tenant, key_id))
        except KeyUnavailable:
            newer = _keys(self._document(), tenant)[key_id]
            if newer == entry:
                raise
            return self._encryption.unwrap(_wrapped(newer), _about(tenant, key_id))

    def _document(self) -> Document:
        """The file as it stands; read again only where it has changed."""
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._held, self._stamp = json.loads(self._path.read_bytes()), stamp
        except (OSError, ValueError) as error:
            raise KeyUnavailable(f"{self._path} cannot be read") from error
        return self._held

    def _change(self, change: Callable[[Document], None]) -> None:
        with alone(self._path):
            document = json.loads(self._path.read_bytes())
            change(document)
            replace(self._path, _written(document))

    def _add(self, document: Document, tenant: str, *, only_first: bool = False) -> None:
        if only_first and tenant in document["tenants"]:
            return
        key_id = os.urandom(KEY_ID_BYTES).hex()
        entry = document["tenants"].setdefault(tenant, {"keys": {}})
        entry["keys"][key_id] = self._entry(tenant, key_id, AESGCM.generate_key(256))
        entry["current"] = key_id

    def _entry(self, tenant: str, key_id: str, key: bytes) -> dict[str, str]:
        wrapped = self._encryption.wrap(key, _about(tenant, key_id))
        return {
            "by": wrapped.by,
            "wrapped": base64.b64encode(wrapped.blob).decode(),
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }

    def _wrap_again(self, document: Document) -> None:
        for tenant, entry in document["tenants"].items():
            for key_id, held in entry["keys"].items():
                key = self._encryption.unwrap(_wrapped(held), _about(tenant, key_id))
                held |= self._entry(tenant, key_id, key) | {"made": held["made"]}

    def _bring_up_to_date(self, document: Document) -> None:
        """From the first format: keys unwrapped and the same for all tenants."""
        if document.get("version") == VERSION:
            return
        earlier = {
            each["id"]: self._entry(EARLIER, each["id"], base64.b64decode(each["key"]))
            for each in document["keys"]
        }
        current = document["current"]
        document.clear()
        document |= _empty()
        document["tenants"][EARLIER] = {"current": current, "keys": earlier}


def _empty() -> Document:
    return {"version": VERSION, "tenants": {}}


def _written(document: Document) -> bytes:
    return json.dumps(document, indent=1).encode()


def _keys(document: Document, tenant: str) -> dict[str, Any]:
    keys: dict[str, Any] = document["tenants"].get(tenant, {"keys": {}})["keys"]
    return keys


def _wrapped(entry: dict[str, str]) -> WrappedKey:
    return WrappedKey(entry["by"], base64.b64decode(entry["wrapped"]))


def _about(tenant: str, key_id: str) -> str:
    return f"data key|{tenant}|{key_id}"


def _told(tenant: str, entry: dict[str, Any]) -> TenantKeys:
    current = entry["keys"][entry["current"]]
    return TenantKeys(tenant, len(entry["keys"]), entry["current"], current["made"], current["by"])


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
