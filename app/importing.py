"""`wristchart import`: a patient's Apple Health export, or their ECG files, into the store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine

from app.importing_ecg import import_ecgs, is_export
from app.operating import tenant_of
from app.running import load_settings
from config.settings import Settings, Tenant
from safeguards.audit import record
from safeguards.strict_json import Malformed
from safeguards.vault import Vault
from wearable_agg.ecg.formats.reading import FORMATS
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.import_place import Tally
from wearable_agg.intake.imports import ImportElsewhere, Importer
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.errors import Unusable


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--patient", required=True, help="The patient's FHIR id in the EHR.")
@click.option("--tenant", help="Which hospital, by its id; the first of the settings if not given.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), help="Told from the content if not given."
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="When the ECG was taken (UTC), where its file does not say so.",
)
@click.pass_obj
def import_export(
    config: Path,
    file: Path,
    patient: str,
    tenant: str | None,
    kind: str | None,
    start: datetime | None,
) -> None:
    """Take in FILE: the export.zip (or export.xml) of a patient's Health app, or an ECG.

    An ECG of up to two minutes is kept with its vendor's verdict and gets ours beside it. Only what
    the patient has agreed to share is kept. An import that was interrupted goes on where it was;
    one that is repeated changes nothing.
    """
    settings = load_settings(config)
    hospital = tenant_of(settings, tenant)
    engine = open_database(settings.wearables_database)
    migrate(engine)
    try:
        person_id = _person(engine, hospital, patient)
        _audit(engine, hospital, person_id)
        if is_export(file, kind):
            _tell(_import(settings, engine, hospital, person_id, file))
            return
        vault, begin = Vault.open(settings.keys), start and _aware(start)
        click.echo(import_ecgs(engine, vault, hospital, person_id, file, kind, begin))
    except (Malformed, Unusable, OSError) as fault:
        raise click.ClickException(f"{file}: {fault}") from fault
    except ImportElsewhere as fault:
        raise click.ClickException(str(fault)) from fault
    finally:
        engine.dispose()


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


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
