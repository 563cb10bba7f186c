"""The keys this installation shows to EHRs as its client identity."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safeguards.files import read_or_create
from smart import key_file
from smart.key_file import HeldKey, NotAKeyFile

FILE_NAME = "client_keys.json"


class KeysUnusable(Exception):
    """The key file cannot be used as it is: an administrator must mend or replace it."""


class ClientKeys:
    """EC P-384 and RSA keys for client assertions, as they stand in the file just now.

    A rotation written by another process is seen at the next use. Thread-safe.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] = ()
        self._keys: tuple[HeldKey, ...] = ()

    @classmethod
    def open(cls, keys: Path, clock: Callable[[], float] = time.time) -> ClientKeys:
        """Read ``client_keys.json`` in the folder ``keys``; create it (mode 0600) on first use.

        Safe when several processes open it first at once. Raises KeysUnusable.
        """
        path = keys / FILE_NAME
        read_or_create(path, key_file.new_file)
        opened = cls(path, clock)
        opened.held()
        return opened

    def held(self) -> tuple[HeldKey, ...]:
        """Every key in the file. Raises KeysUnusable."""
        with self._lock:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._keys, self._stamp = _read(self._path), stamp
            return self._keys

    def signing(self, algorithm: str) -> HeldKey:
        """The key that signs new assertions with ES384 or RS384. Raises KeysUnusable."""
        found = key_file.signing(self.held(), algorithm, self._clock())
        if found is None:
            raise KeysUnusable(
                f"{self._path} holds no {algorithm} key: run `wristchart keys rotate`"
            )
        return found

    def public_jwks(self) -> dict[str, Any]:
        """The JSON Web Key Set to publish: no private parts, ready for ``json.dumps``."""
        now = self._clock()
        return {"keys": [held.public() for held in self.held() if held.is_published(now)]}

    def rotate(self, *, overlap: int, keep: int) -> tuple[HeldKey, ...]:
        """Write new keys beside those in force; see `smart.key_file.rotated`.

        Raises KeysUnusable, RotationUnderWay.
        """
        with _alone(self._path):
            now = int(self._clock())
            keys = key_file.rotated(self.held(), now, overlap=overlap, keep=keep)
            draft = self._path.with_name(f".{self._path.name}.new")
            draft.touch(mode=0o600)
            draft.write_bytes(key_file.write(keys))
            os.replace(draft, self._path)
        return keys


def _read(path: Path) -> tuple[HeldKey, ...]:
    if path.stat().st_mode & 0o077:
        raise KeysUnusable(f"{path} can be read by others; set its mode to 600")
    try:
        return key_file.read(path.read_bytes())
    except NotAKeyFile as error:
        raise KeysUnusable(f"{path}: {error}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from rotating at the same time."""
    place = path.with_name(f".{path.name}.lock")
    place.touch(mode=0o600)
    with place.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
