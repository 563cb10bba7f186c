"""`wristchart ehr probe`: what a test system does with writes; it turns write-back on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from app.ehr.probing import probe_ehr
from app.running import load_settings
from smart.keys import ClientKeys
from smart.probe import ProbeFailed
from wearable_agg.delivery import probes
from wearable_agg.delivery.abilities import WORKLIST, Personality
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate


@click.command()
@click.argument("tenant")
@click.option("--patient", default="", help="The patient of the test system to write about.")
@click.pass_obj
def probe(config: Path, tenant: str, patient: str) -> None:
    """Try out what the test system of TENANT does with writes, and remember it.

    Creates resources twice and by eight at once, changes them with stale versions, takes them
    back. Only for a tenant with environment = "test" or "sandbox".
    """
    settings = load_settings(config)
    try:
        chosen = settings.tenant(tenant)
    except KeyError as error:
        raise click.ClickException(f"there is no tenant {tenant!r}") from error
    try:
        personality = probe_ehr(chosen, ClientKeys.open(settings.keys), patient, click.echo)
    except ProbeFailed as error:
        raise click.ClickException(str(error)) from error
    engine = open_database(settings.wearables_database)
    migrate(engine)
    with writing(engine) as connection:
        probes.keep(connection, chosen.id, chosen.issuer, personality, datetime.now(UTC))
    engine.dispose()
    click.echo(_route(personality))


def _route(personality: Personality) -> str:
    if personality.route == WORKLIST:
        return "\nRoute: Wristchart's own work-list; this EHR takes no finding that can be found."
    able = personality.kinds[personality.route]
    return f"\nRoute: {personality.route}, created by {able.create_by}. Write-back is on."
