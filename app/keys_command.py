"""`wristchart keys`: the keys this site proves itself to EHRs with."""

from __future__ import annotations

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
    """The keys that EHRs know this site by."""


@keys.command("list")
@click.pass_obj
def list_keys(config: Path) -> None:
    """Show every key: what it signs with, since when, and how long it is published."""
    try:
        _show(_open(config).held())
    except KeysUnusable as error:
        raise click.ClickException(str(error)) from error


@keys.command()
@click.option(
    "--overlap-hours",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    help="New keys are published this long before they sign: longer than EHRs keep our keys.",
)
@click.option(
    "--keep-hours",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    help="Old keys stay published this long after their last signature.",
)
@click.option(
    "--leaked", is_flag=True, help="Withdraw every old key now and sign with the new ones."
)
@click.pass_obj
def rotate(config: Path, overlap_hours: int, keep_hours: int, leaked: bool) -> None:
    """Make new keys. Running processes take them over by themselves."""
    overlap, keep = (0, 0) if leaked else (overlap_hours * HOUR, keep_hours * HOUR)
    try:
        _show(_open(config).rotate(overlap=overlap, keep=keep))
    except KeysUnusable as error:
        raise click.ClickException(str(error)) from error
    except RotationUnderWay as error:
        raise click.ClickException(
            f"new keys are published already and sign from {_instant(error.from_)}; "
            "use --leaked to withdraw all others at once"
        ) from error


def _open(config: Path) -> ClientKeys:
    return ClientKeys.open(load_settings(config).keys)


def _show(held: Iterable[HeldKey]) -> None:
    for each in held:
        until = each.published_until
        ends = f"until {_instant(until)}" if until is not None else "without end"
        click.echo(
            f"{each.algorithm}  {each.key.kid}  signs from {_instant(each.signs_from)}, "
            f"published {ends}"
        )


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
