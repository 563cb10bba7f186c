"""`wristchart dead-letters`: payloads that could not be worked on, and working on them again."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy import Connection, Engine

from app.running import load_settings
from safeguards.vault import Unreadable, Vault
from wearable_agg.intake import dead_letters as letters
from wearable_agg.intake.dead_letters import DeadLetter
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate


@click.group("dead-letters")
def dead_letters() -> None:
    """Payloads that could not be worked on, each with its reason."""


@dead_letters.command("list")
@click.option("--vendor", help="Only this vendor's.")
@click.pass_obj
def list_all(config: Path, vendor: str | None) -> None:
    """List the dead letters in order of arrival."""
    with _store(config).connect() as connection:
        found = letters.dead_letters(connection, vendor)
    for letter in found:
        click.echo(_line(letter))
    click.echo(f"{len(found)} dead letters")


@dead_letters.command()
@click.argument("number", type=int)
@click.option("--payload", is_flag=True, help="Print the raw payload; that is audited.")
@click.pass_obj
def show(config: Path, number: int, payload: bool) -> None:
    """Show the dead letter NUMBER."""
    engine = _store(config)
    with writing(engine) as connection:
        letter = _one(connection, number)
        click.echo(_line(letter))
        if payload:
            vault = Vault.open(load_settings(config).keys)
            try:
                raw = letters.payload_of(connection, vault, letter)
            except Unreadable as error:
                raise click.ClickException(f"its keys are gone: {error}") from error
    if payload:
        sys.stdout.buffer.write(raw + b"\n")


@dead_letters.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--vendor", help="All of this vendor's.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.pass_obj
def replay(config: Path, numbers: tuple[int, ...], vendor: str | None, everything: bool) -> None:
    """Give dead letters back to the worker: those of NUMBERS, a vendor's, or all.

    What they say is taken in once, however often they are replayed, and what came since then is
    not overwritten.
    """
    if not (numbers or vendor or everything):
        raise click.UsageError("name the letters, a vendor, or --all")
    with writing(_store(config)) as connection:
        found = letters.dead_letters(connection, vendor)
        chosen = [one for one in found if not numbers or one.id in numbers]
        count = letters.replay(connection, chosen)
    click.echo(f"{count} given back to the worker")
    if missing := sorted(set(numbers) - {one.id for one in chosen}):
        click.echo(f"no dead letters: {', '.join(map(str, missing))}", err=True)
        sys.exit(1)


def _one(connection: Connection, number: int) -> DeadLetter:
    try:
        return letters.dead_letter(connection, number)
    except KeyError as error:
        raise click.ClickException(f"there is no dead letter {number}") from error


def _line(letter: DeadLetter) -> str:
    account = "-" if letter.account_id is None else letter.account_id
    return (
        f"{letter.id}  {letter.arrived_at:%Y-%m-%d %H:%M:%S}Z  {letter.vendor}  {letter.kind}  "
        f"account {account}  {letter.reason}"
    )


def _store(config: Path) -> Engine:
    engine = open_database(load_settings(config).wearables_database)
    migrate(engine)
    return engine
