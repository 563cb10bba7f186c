"""`wristchart vault`: new keys, and old data under new keys, while the site runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from app.running import load_settings
from app.sealed_columns import IN_APP, IN_ECG, IN_WEARABLES, Progress, seal_anew
from config.settings import Settings
from safeguards.vault import KeyUnavailable, Vault
from wearable_agg.store.database import open_database


@click.group()
def vault() -> None:
    """Keys of the data at rest. All commands work while the roles run."""


@vault.command()
@click.pass_obj
def show(config: Path) -> None:
    """List each tenant's keys: how many, the newest and its age, and what wraps it."""
    for keys in _open(load_settings(config)).ring.show():
        click.echo(
            f"{keys.tenant}: {keys.count} keys, newest {keys.current} made {keys.made}, "
            f"wrapped by {keys.wrapped_by}"
        )


@vault.command()
@click.pass_obj
def rotate(config: Path) -> None:
    """Seal with a new data key for each tenant from now on; the old ones still read."""
    ring = _open(load_settings(config)).ring
    try:
        ring.rotate()
    except KeyUnavailable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(ring.show())} tenants seal with a new key")


@vault.command()
@click.pass_obj
def rewrap(config: Path) -> None:
    """Wrap all data keys with a new key and give up the old one; data is not touched."""
    ring = _open(load_settings(config)).ring
    try:
        ring.rewrap()
    except KeyUnavailable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{sum(keys.count for keys in ring.show())} data keys wrapped with a new key")


@vault.command()
@click.pass_obj
def reencrypt(config: Path) -> None:
    """Bring what is sealed with older keys to the newest ones."""
    settings = load_settings(config)
    unreadable = 0
    for last in _columns(settings, _open(settings)):
        click.echo(
            f"{last.column}: {last.seen} rows, {last.sealed} sealed anew, "
            f"{last.unreadable} unreadable"
        )
        unreadable += last.unreadable
    sys.exit(1 if unreadable else 0)


def _columns(settings: Settings, vault: Vault) -> Iterator[Progress]:
    """Work on every sealed column there is; how each came out."""
    stores = (
        (settings.app_database, IN_APP),
        (settings.wearables_database, IN_WEARABLES),
        (settings.ecg_database, IN_ECG),
    )
    for place, columns in stores:
        if isinstance(place, Path) and not place.exists():
            continue
        engine = open_database(place)
        for column in columns:
            last = Progress(str(column.column), 0)
            for last in seal_anew(engine, vault, column):
                _tell(last)
            yield last
        engine.dispose()


def _tell(progress: Progress) -> None:
    """Say how far it is, where somebody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{progress.column}: {progress.seen}/{progress.total} ", err=True, nl=False)


def _open(settings: Settings) -> Vault:
    try:
        return Vault.open(settings.keys)
    except KeyUnavailable as error:
        raise click.ClickException(str(error)) from error
