"""`wristchart outbox`: writes that wait for a person are listed, shown, previewed and replayed."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from sqlalchemy import Connection, Engine

from app.operating import tenant_of
from app.running import load_settings
from config.settings import Settings
from wearable_agg.delivery import letters, probes
from wearable_agg.delivery.abilities import Personality
from wearable_agg.delivery.decisions_report import lines, report
from wearable_agg.delivery.fence import raise_fence
from wearable_agg.delivery.identity import Identity
from wearable_agg.delivery.letters import Letter, UnknownLetter
from wearable_agg.delivery.permission import send_refusal
from wearable_agg.delivery.previews import resources_of
from wearable_agg.delivery.states import State
from wearable_agg.delivery.validation import InvalidResource
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate


@click.group()
def outbox() -> None:
    """Writes to charts: those that wait for a person, and sending them again."""


@outbox.command("list")
@click.option("--tenant", help="Only this hospital's.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help="In these states; by default parked and dead.",
)
@click.pass_obj
def list_(config: Path, tenant: str | None, states: tuple[str, ...]) -> None:
    """List writes, those that wait longest first."""
    chosen = tuple(State(each) for each in states) or letters.WAITING
    with _store(load_settings(config)) as engine, engine.connect() as connection:
        found = letters.letters(connection, tenant, chosen)
    for each in found:
        click.echo(_line(each))
    click.echo(f"{len(found)} writes" if found else "No write is in that state.")


@outbox.command()
@click.argument("number", type=int)
@click.pass_obj
def show(config: Path, number: int) -> None:
    """Show a write and every step of its life."""
    with _store(load_settings(config)) as engine, engine.connect() as connection:
        click.echo(_line(_known(connection, number)))
        for move in letters.history(connection, number):
            detail = ", ".join(f"{name} {value}" for name, value in move.detail.items() if value)
            click.echo(f"  {move.at:%Y-%m-%d %H:%M:%S}  {move.actor:<10} {move.action}  {detail}")


@outbox.command()
@click.argument("number", type=int)
@click.pass_obj
def preview(config: Path, number: int) -> None:
    """Print what would be sent now; nothing is. It shows a patient's data."""
    settings = load_settings(config)
    with _store(settings) as engine, engine.connect() as connection:
        found = _known(connection, number)
        personality = _personality(settings, probes.personalities(connection), found.tenant)
        identity = Identity.open(settings.keys)
        try:
            write, refusal = letters.preview(
                connection, number, identity, personality, send_refusal
            )
        except InvalidResource as error:
            raise click.ClickException(f"it cannot be built: {error}") from error
    for resource in resources_of(write):
        click.echo(json.dumps(dict(resource), indent=2, ensure_ascii=False))
    click.echo(refusal or f"It would go as {personality.route}.", err=True)


@outbox.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every write that waits for a person.")
@click.option("--tenant", help="With --all: only this hospital's.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent again, and change nothing.")
@click.pass_obj
def replay(
    config: Path, numbers: tuple[int, ...], everything: bool, tenant: str | None, dry_run: bool
) -> None:
    """Send writes again that wait for a person; each is looked for in its chart first.

    May be repeated: a write that waits for nobody is left alone.
    """
    if bool(numbers) == everything:
        raise click.UsageError("name writes by their numbers, or give --all")
    by = f"operator:{getpass.getuser()}"
    count = 0
    with _store(load_settings(config)) as engine, writing(engine) as connection:
        chosen = [each.id for each in letters.letters(connection, tenant, limit=1_000_000)]
        for number in chosen if everything else numbers:
            found = _known(connection, number)
            if not found.waits:
                click.echo(f"{number} is {found.state}: left alone")
                continue
            count += 1
            if not dry_run:
                letters.replay(connection, number, by, datetime.now(UTC))
    click.echo(f"{count} writes {'would be' if dry_run else 'are'} sent again")


@outbox.command()
@click.confirmation_option(prompt="Was the database restored from a backup?")
@click.pass_obj
def restored(config: Path) -> None:
    """Say that the database was restored, where the mark beside it was restored or lost too.

    Every write that was under way is then looked for in its chart before it is sent. Not needed
    where the mark is still there: delivery notices by itself.
    """
    settings = load_settings(config)
    longest = max((each.quarantine_seconds for each in settings.tenants), default=0.0)
    look_at = datetime.now(UTC) + timedelta(seconds=longest)
    with _store(settings) as engine:
        identity = Identity.open(settings.keys)
        fence, _ = raise_fence(engine, settings.delivery_mark, identity, look_at, restored=True)
    click.echo(f"Epoch {fence.epoch}. Start delivery anew.")


@outbox.command("report")
@click.argument("tenant")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1), help="How far back.")
@click.pass_obj
def report_(config: Path, tenant: str, days: int) -> None:
    """Print which findings were sent, or in shadow mode would have been, and how clinicians judged
    them. It names patients by the EHR's ids."""
    settings = load_settings(config)
    known = tenant_of(settings, tenant)
    since = datetime.now(UTC) - timedelta(days=days)
    with _store(settings) as engine, engine.connect() as connection:
        judged = report(connection, known.id, since)
    click.echo(f"{known.name}: write_mode {known.write_mode}, the last {days} days")
    for line in lines(judged):
        click.echo(line)


@contextmanager
def _store(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings.wearables_database)
    migrate(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def _known(connection: Connection, number: int) -> Letter:
    try:
        return letters.letter(connection, number)
    except UnknownLetter as error:
        raise click.ClickException(str(error)) from error


def _personality(settings: Settings, seen: dict[str, Personality], tenant: str) -> Personality:
    try:
        probed_as = settings.tenant(tenant).probed_as
    except KeyError:
        probed_as = ""
    return seen.get(probed_as or tenant, Personality())


def _line(found: Letter) -> str:
    where = f"{found.tenant} Patient/{found.patient}"
    return f"{found.id:>7}  {found.state:<8} {found.kind:<16} {where:<40} {found.reason}"
