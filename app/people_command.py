"""`wristchart people`: records of one human merged and taken apart; which source is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
from sqlalchemy import Connection

from app.operating import tenant_of
from app.patients import patient_facts
from app.running import load_settings
from config.settings import Settings
from safeguards import audit
from wearable_agg.delivery.patient_facts import PatientRecord
from wearable_agg.measurements.choosing import order_for, state_order
from wearable_agg.people import merging
from wearable_agg.people.merging import CannotMerge
from wearable_agg.people.proposals import Proposal, known_records, open_proposals, propose
from wearable_agg.people.registry import EhrPatient, person_for
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

    Nothing is lost: SURVIVING shows both. What waits for RETIRED's chart is parked, and what is
    still open of it is queued for SURVIVING's.
    """
    settings = load_settings(config)
    record = _record(settings, tenant, retired)
    _write(settings, lambda c: merging.merge(c, record, surviving, f"operator/{user}"))
    click.echo(f"{retired} is merged into {surviving}. Take it back: people unmerge {retired}")


@people.command()
@click.argument("retired")
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.option("--by", "user", required=True, help="Who decided it, for the audit trail.")
@click.pass_obj
def unmerge(config: Path, retired: str, tenant: str | None, user: str) -> None:
    """Take a merge of the EHR's patient RETIRED back: everything is as it was.

    Findings that were written into the other chart meanwhile stay there; the audit trail names
    them.
    """
    settings = load_settings(config)
    record = _record(settings, tenant, retired)
    _write(settings, lambda c: merging.unmerge(c, record, f"operator/{user}"))
    click.echo(f"{retired} stands for itself again.")


@people.command()
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.pass_obj
def proposals(config: Path, tenant: str | None) -> None:
    """List the merges that the EHR's records speak for, and that nobody has decided on."""
    settings = load_settings(config)
    chosen = tenant_of(settings, tenant)
    _write(settings, lambda c: _list(open_proposals(c, chosen.id, chosen.issuer)))


@people.command()
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.pass_obj
def check(config: Path, tenant: str | None) -> None:
    """Ask the EHR of every record known here whether another one stands for it now.

    Proposes what it finds; nothing is merged. Delivery asks by itself before each write.
    """
    settings = load_settings(config)
    chosen = tenant_of(settings, tenant)
    facts = patient_facts(chosen, settings.keys)
    records: list[EhrPatient] = []
    _write(settings, lambda c: records.extend(known_records(c, chosen.id, chosen.issuer)))
    for each in records:
        found = facts.of(each.patient_id)
        if not isinstance(found, PatientRecord):
            click.echo(f"{each.patient_id}: not read: {found.reason}", err=True)
        elif found.replaced_by:
            _write(settings, partial(propose, retired=each, surviving=found.replaced_by))
    _write(settings, lambda c: _list(open_proposals(c, chosen.id, chosen.issuer)))


def _list(found: Sequence[Proposal]) -> None:
    for one in found:
        retired = one.retired.patient_id
        click.echo(f"{one.made_at:%Y-%m-%d %H:%M}  {retired} is replaced by {one.surviving}")
        click.echo(f"  if they are one human: people merge {retired} {one.surviving} --by NAME")
    if not found:
        click.echo("No merge is proposed.")


@people.command()
@click.argument("patient")
@click.argument("kind", metavar="[TYPE]", required=False)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.option("--usual", is_flag=True, help="Bring back the usual order of TYPE.")
@click.option("--by", "user", help="Who states it, for the audit trail; needed to change anything.")
@click.pass_obj
def sources(
    config: Path,
    patient: str,
    kind: str | None,
    sources: tuple[str, ...],
    tenant: str | None,
    usual: bool,
    user: str | None,
) -> None:
    """Show, or state, which source is believed first where several tell the same of a day.

    "people sources 123 steps apple/watch withings --by NAME" states the order of steps for the
    EHR's patient 123; a source that ends in / stands for every device of the vendor.
    """
    if bool(sources) == usual if kind else usual:
        raise click.UsageError("Name TYPE and its sources in their order, or TYPE and --usual.")
    if kind and not user:
        raise click.UsageError("Say who states it: --by NAME.")
    settings = load_settings(config)
    record = _record(settings, tenant, patient)
    _write(settings, lambda c: _sources(c, record, kind, sources, f"operator/{user}"))


def _sources(
    connection: Connection,
    record: EhrPatient,
    kind: str | None,
    sources: Sequence[str],
    by: str,
) -> None:
    person_id = person_for(connection, record.tenant, record.issuer, record.patient_id)
    if person_id is None:
        raise click.ClickException(f"nothing is known of {record.patient_id}")
    if kind is not None:
        try:
            state_order(connection, record.tenant, person_id, kind, sources, by)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        audit.record(
            connection,
            tenant=record.tenant,
            actor=by,
            action="sources.stated",
            entity=f"Patient/{record.patient_id}",
            detail={"issuer": record.issuer, "type": kind, "sources": list(sources)},
        )
    for each, order in sorted(order_for(connection, person_id).items()):
        click.echo(f"{each}: {', '.join(order)}")


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
