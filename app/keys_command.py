"""`wristchart keys`: the keys this site shows to EHRs, and new ones while the roles run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from app.running import load_settings
from smart.key_file import HeldKey, RotationUnderWay
from smart.keys import ClientKeys, KeysUnusable

HOUR = 3600


@click.group()
def keys() -> None:
    """Keys by which EHRs know this site. All commands work while the roles run."""


@keys.command()
@click.pass_obj
def show(config: Path) -> None:
    """List the keys that are published."""
    _print(_open(config).held())


@keys.command()
@click.option(
    "--overlap",
    default=24,
    show_default=True,
    type=click.IntRange(0),
    help="Hours from now until the new keys sign: every EHR has fetched them by then.",
)
@click.option(
    "--keep",
    default=24,
    show_default=True,
    type=click.IntRange(0),
    help="Hours after that in which the old keys are still published.",
)
@click.option("--leaked", is_flag=True, help="Withdraw the old keys at once.")
@click.pass_obj
def rotate(config: Path, overlap: int, keep: int, leaked: bool) -> None:
    """Make new keys, and let the old ones go in time."""
    hours = (0, 0) if leaked else (overlap, keep)
    try:
        made = _open(config).rotate(overlap=hours[0] * HOUR, keep=hours[1] * HOUR)
    except RotationUnderWay as error:
        raise click.ClickException(
            f"new keys wait already and sign from {_day(error.from_)}: wait for that, or, if a "
            "key has leaked, give --leaked"
        ) from error
    except KeysUnusable as error:
        raise click.ClickException(str(error)) from error
    _print(made)


def _open(config: Path) -> ClientKeys:
    try:
        return ClientKeys.open(load_settings(config).keys)
    except (KeysUnusable, OSError) as error:
        raise click.ClickException(str(error)) from error


def _print(held: Iterable[HeldKey]) -> None:
    now = time.time()
    for key in held:
        if key.is_published(now):
            begins = f"signs from {_day(key.signs_from)}" if key.signs_from > now else "may sign"
            until = key.published_until
            ends = f", published until {_day(until)}" if until is not None else ""
            click.echo(f"{key.algorithm}  {key.key.kid}  {begins}{ends}")


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
