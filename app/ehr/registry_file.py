"""The site's settings file, with an entry for one more EHR; all else in it stays as it is."""

from __future__ import annotations

import json
import os
import tomllib
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from stat import S_IMODE
from typing import Any

from config.settings import Settings, SettingsError, Tenant

ALWAYS = frozenset({"endpoint_origins", "client_type"})


class CannotAdd(Exception):
    """The file was left as it is; the message says why and what to do."""


def entry(tenant: Tenant) -> str:
    """The `[[tenant]]` table of a tenant; what is as usual is left out."""
    lines = [f"{field.name} = {_value(getattr(tenant, field.name))}" for field in _told(tenant)]
    return "\n".join(["[[tenant]]", *lines]) + "\n"


def append(path: Path, tenant: Tenant) -> None:
    """Write the entry at the end of the file, whole or not at all; its mode and owner are kept.

    Raises CannotAdd where the file has such a tenant, or would not be read as meant.
    """
    target = path.resolve()
    before = target.read_text("utf-8")
    known = _load(before, target)
    if any(tenant.id == other.id for other in known.tenants):
        raise CannotAdd(f"{path} has a tenant {tenant.id!r}: choose another id")
    same = [o.id for o in known.tenants if o.issuer.rstrip("/") == tenant.issuer.rstrip("/")]
    if same:
        raise CannotAdd(f"{path} has this issuer as tenant {same[0]!r}: change that entry")
    after = f"{before.rstrip()}\n\n{entry(tenant)}"
    if _load(after, target).tenants != (*known.tenants, tenant):
        raise CannotAdd(
            f"{path} would not be read as meant: add the entry by hand:\n{entry(tenant)}"
        )
    _replace(target, after)


def _told(tenant: Tenant) -> list[Any]:
    """The fields worth writing: those without a usual value, and those that differ from it."""
    return [
        field
        for field in fields(tenant)
        if field.default is MISSING
        or field.name in ALWAYS
        or getattr(tenant, field.name) != field.default
    ]


def _value(value: object) -> str:
    """A TOML value: JSON's texts, numbers, truth values and lists are written alike in TOML."""
    listed = list(value) if isinstance(value, tuple) else value
    return json.dumps(listed, ensure_ascii=False)


def _load(content: str, path: Path) -> Settings:
    try:
        return Settings.from_document(tomllib.loads(content), path.parent)
    except (tomllib.TOMLDecodeError, SettingsError) as error:
        raise CannotAdd(f"{path} cannot be extended: {error}") from error


def _replace(path: Path, content: str) -> None:
    status = path.stat()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(content, "utf-8")
        with suppress(PermissionError):  # only root may give a file away; others own it already
            os.chown(draft, status.st_uid, status.st_gid)
        draft.chmod(S_IMODE(status.st_mode))
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
