"""The demo's data folder: one demo at a time, and always at the address that it was made for."""

from __future__ import annotations

import fcntl
import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from app.demo.site import Site

LOCK = ".demo.lock"
ELSEWHERE = "choose another place with --port N --data FOLDER"


@contextmanager
def held(place: Site) -> Iterator[None]:
    """Keep the folder to this demo meanwhile; raises click.ClickException where another has it."""
    place.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(place.data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, place)
        yield
    finally:
        os.close(lock)


def _take(lock: int, place: Site) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        running = os.read(lock, 200).decode("utf-8", "replace") or "starting"
        raise click.ClickException(
            f"A demo is running on {place.data} ({running}). Stop it with Ctrl-C, or {ELSEWHERE}."
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, f"{place.ehr_url}, process {os.getpid()}".encode())


def empty(place: Site) -> None:
    """Remove what a demo keeps, and nothing from any other folder; the folder has to be held."""
    kept = [path for path in place.data.iterdir() if path.name != LOCK]
    if kept and not place.config.exists():
        raise click.ClickException(f"{place.data} is not a demo's data folder: nothing removed")
    for path in kept:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def require_address(place: Site) -> None:
    """Raise click.ClickException where the folder's patients belong to an EHR elsewhere."""
    kept, wanted = _issuer(place.config), f"{place.ehr_url}/fhir"
    if kept not in (None, wanted):
        raise click.ClickException(
            f"The patients in {place.data} belong to {kept}, not to {wanted}: start it with the "
            f"--port of that address, {ELSEWHERE}, or begin anew with --fresh."
        )


def _issuer(config: Path) -> str | None:
    """Return the EHR of a demo's settings; None where there are none that can be read."""
    try:
        document = tomllib.loads(config.read_text("utf-8"))
        return str(document["tenant"][0]["issuer"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
