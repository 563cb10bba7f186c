"""`wristchart poll`: asks the vendors once, now, and says what came of it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from sqlalchemy import Engine, update

from app.operating import tenant_of
from app.running import load_settings
from config.settings import Settings
from safeguards.vault import Vault
from wearable_agg.intake.changes import Change, accounts_to_poll, changes_since, held_back
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.health import health_of
from wearable_agg.intake.polling import THREADS, Poller
from wearable_agg.intake.processing import Worker
from wearable_agg.intake.sites import VendorSite, vendor_sites
from wearable_agg.people.accounts import Account
from wearable_agg.people.registry import person_for
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.store.people_tables import vendor_accounts
from wearable_agg.vendors.registry import READERS, VENDORS


@click.command()
@click.option("--patient", help="Only this patient, by the FHIR id in the EHR.")
@click.option("--tenant", help="Which hospital, by its id; the first of the settings if not given.")
@click.option("--vendor", type=click.Choice(sorted(VENDORS)), help="Only this vendor.")
@click.pass_obj
def poll(config: Path, patient: str | None, tenant: str | None, vendor: str | None) -> None:
    """Ask the vendors once, now; print what changed and what is not well."""
    settings = load_settings(config)
    engine = open_database(settings.wearables_database)
    migrate(engine)
    vault = Vault.open(settings.keys)
    sites = vendor_sites(settings, engine, vault, VENDORS)
    person_id = None if patient is None else _person(settings, engine, tenant, patient)
    with engine.connect() as connection:
        chosen = accounts_to_poll(connection, person_id, [vendor] if vendor else list(sites))
    if not chosen:
        raise click.ClickException("no linked wearable to ask")
    began = now_micros()
    _ask(engine, vault, sites, chosen)
    totals = DayTotals({one.id: one.upload_days for one in settings.tenants})
    worker = Worker(engine, vault, VENDORS, totals, READERS)
    while worker.step():
        pass
    _tell(engine, sites, chosen, began)
    engine.dispose()


def _person(settings: Settings, engine: Engine, tenant: str | None, patient: str) -> int:
    hospital = tenant_of(settings, tenant)
    with engine.connect() as connection:
        person_id = person_for(connection, hospital.id, hospital.issuer, patient)
    if person_id is None:
        raise click.ClickException(f"{patient} has linked no wearable")
    return person_id


def _ask(
    engine: Engine, vault: Vault, sites: Mapping[str, VendorSite], chosen: Collection[Account]
) -> None:
    """Fetch all that is due for these accounts; what the vendor puts off is left for later."""
    numbers = [one.id for one in chosen]
    with writing(engine) as connection:
        connection.execute(
            update(vendor_accounts).where(vendor_accounts.c.id.in_(numbers)).values(next_poll_at=0)
        )
    poller = Poller(engine, vault, sites, threading.Event(), numbers)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="fetch") as pool:
        while poller.step(pool):
            pass


def _tell(
    engine: Engine, sites: Mapping[str, VendorSite], chosen: Collection[Account], began: int
) -> None:
    with engine.connect() as connection:
        for one in chosen:
            changes = changes_since(connection, one.person_id, one.vendor, began)
            site = sites[one.vendor]
            click.echo(f"{site.vendor.name} of person {one.person_id}: {_summary(changes)}")
            for reason in held_back(connection, one.id):
                click.echo(f"  put off: {reason}")
            health = health_of(connection, one.id, site.app.poll_seconds)
            if not health.is_well:
                click.echo(f"  not well: {health.reason}")
            for remark in health.remarks:
                click.echo(f"  {remark}")


def _summary(changes: list[Change]) -> str:
    told = (f"{one.new} new and {one.amended} corrected {one.type}" for one in changes)
    return ", ".join(told) or "nothing new"
