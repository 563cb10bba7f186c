"""`wristchart import`: a patient's Apple Health export into the store."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Engine

from app.operating import tenant_of
from app.running import load_settings
from config.settings import Settings, Tenant
from safeguards.audit import record
from safeguards.strict_json import Malformed
from safeguards.vault import Vault
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.import_place import Tally
from wearable_agg.intake.imports import ImportElsewhere, Importer
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.errors import Unusable


@click.command("import")
@click.argument("export", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--patient", required=True, help="The patient's FHIR id in the EHR.")
@click.option("--tenant", help="Which hospital, by its id; the first of the settings if not given.")
@click.pass_obj
def import_export(config: Path, export: Path, patient: str, tenant: str | None) -> None:
    """Take in EXPORT, the export.zip (or export.xml) of a patient's Health app.

    Only what the patient has agreed to share is kept. An import that was interrupted goes on where
    it was; one that is repeated changes nothing.
    """
    settings = load_settings(config)
    hospital = tenant_of(settings, tenant)
    engine = open_database(settings.wearables_database)
    migrate(engine)
    person_id = _person(engine, hospital, patient)
    _audit(engine, hospital, person_id)
    try:
        tally = _import(settings, engine, hospital, person_id, export)
    except (Malformed, Unusable) as fault:
        raise click.ClickException(f"{export}: {fault}") from fault
    except ImportElsewhere as fault:
        raise click.ClickException(str(fault)) from fault
    finally:
        engine.dispose()
    _tell(tally)


def _import(
    settings: Settings, engine: Engine, hospital: Tenant, person_id: int, export: Path
) -> Tally:
    totals = DayTotals({one.id: one.upload_days for one in settings.tenants})
    vault = Vault.open(settings.keys)
    importer = Importer(engine, vault, totals, hospital.id, person_id)
    with click.progressbar(length=export.stat().st_size, label="Importing") as bar:

        def show(done: int, whole: int) -> None:
            bar.length = max(1, whole)
            bar.update(max(0, done - bar.pos))

        return importer.run(export, show)


def _person(engine: Engine, hospital: Tenant, patient: str) -> int:
    with engine.connect() as connection:
        person_id = person_for(connection, hospital.id, hospital.issuer, patient)
        agreed = person_id is not None and permitted_types(connection, person_id)
    if person_id is None or not agreed:
        raise click.ClickException(
            f"{patient} has not agreed to share anything: invite them from their page, first"
        )
    return person_id


def _audit(engine: Engine, hospital: Tenant, person_id: int) -> None:
    with writing(engine) as connection:
        record(
            connection,
            tenant=hospital.id,
            actor="operator",
            action="export.imported",
            entity=f"person/{person_id}",
            detail={},
        )


def _tell(tally: Tally) -> None:
    click.echo(
        f"{tally.new} measurements new, {tally.amended} corrected, {tally.same} known already; "
        f"{tally.recordings} ECGs and {tally.notices} notices about rhythm taken in."
    )
    for reason, count in tally.refused.most_common():
        click.echo(f"{count} set apart: {reason}")
