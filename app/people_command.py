"""`wristchart people`: merging two records of one human, and taking them apart again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import Connection

from app.operating import tenant_of
from config.settings import Settings
from wearable_agg.people import merging
from wearable_agg.people.merging import CannotMerge
from wearable_agg.people.registry import EhrPatient
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate


@click.group()
def people() -> None:
    """Who is who."""


@people.command()
@click.argument("retired")
@click.argument("surviving")
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.option("--by", "user", required=True, help="Who decided it, for the audit trail.")
@click.pass_obj
def merge(config: Path, retired: str, surviving: str, tenant: str | None, user: str) -> None:
    """Merge the EHR's patient RETIRED into SURVIVING, as the EHR did.

    Nothing is lost: SURVIVING shows both, and what waits for RETIRED's chart is parked.
    """
    settings = Settings.load(config)
    record = _record(settings, tenant, retired)
    _write(settings, lambda c: merging.merge(c, record, surviving, f"operator/{user}"))
    click.echo(f"{retired} is merged into {surviving}. Take it back: people unmerge {retired}")


@people.command()
@click.argument("retired")
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.option("--by", "user", required=True, help="Who decided it, for the audit trail.")
@click.pass_obj
def unmerge(config: Path, retired: str, tenant: str | None, user: str) -> None:
    """Take a merge of the EHR's patient RETIRED back: everything is as it was."""
    settings = Settings.load(config)
    record = _record(settings, tenant, retired)
    _write(settings, lambda c: merging.unmerge(c, record, f"operator/{user}"))
    click.echo(f"{retired} stands for itself again.")


def _record(settings: Settings, tenant: str | None, patient: str) -> EhrPatient:
    chosen = tenant_of(settings, tenant)
    return EhrPatient(chosen.id, chosen.issuer, patient)


def _write(settings: Settings, work: Callable[[Connection], object]) -> None:
    engine = open_database(settings.wearables_database)
    migrate(engine)
    try:
        with writing(engine) as connection:
            work(connection)
    except CannotMerge as error:
        raise click.ClickException(str(error)) from error
    finally:
        engine.dispose()
