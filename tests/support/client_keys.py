"""Keys made once in a process: an RSA key takes a tenth of a second, a test needs any."""

import functools
from pathlib import Path

from safeguards.files import read_or_create
from sandbox.ehr.auth.keys import SIGNING_KEY, new_signing_key
from smart import key_file
from smart.keys import FILE_NAME, ClientKeys


@functools.cache
def _content() -> bytes:
    return key_file.new_file()


def place(folder: Path) -> Path:
    """Put the process's client keys into a folder of keys that has none."""
    read_or_create(folder / FILE_NAME, _content)
    return folder


def client_keys(folder: Path) -> ClientKeys:
    """Open them."""
    return ClientKeys.open(place(folder))


@functools.cache
def _signing_key() -> str:
    return new_signing_key()


def place_signing_key(folder: Path) -> None:
    """Put the process's key of a sandbox EHR into the EHR's folder, where it has none."""
    read_or_create(folder / SIGNING_KEY, lambda: _signing_key().encode())
