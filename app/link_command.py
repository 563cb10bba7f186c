"""`wristchart link`: an invitation from the command line, as a link and a QR code."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import click
import segno

from app.operating import tenant_of
from app.running import load_settings
from config.settings import Settings
from safeguards.assertions import Asker, Signer
from safeguards.egress import Egress
from wearable_agg.client.api_client import ApiClient
from wearable_agg.client.care import Invitation
from wearable_agg.client.errors import BackendError


@click.command()
@click.option("--patient", required=True, help="The patient's id in the EHR.")
@click.option("--vendor", help="The wearable to show the patient first.")
@click.option(
    "--birth-date",
    type=click.DateTime(["%Y-%m-%d"]),
    help="From the patient's chart, where the hospital asks for it.",
)
@click.option("--tenant", help="The hospital, where the settings name several.")
@click.option("--by", "user", required=True, help="Who invites, as the patient is told.")
@click.pass_obj
def link(
    config: Path,
    patient: str,
    vendor: str | None,
    birth_date: datetime | None,
    tenant: str | None,
    user: str,
) -> None:
    """Invite a patient to link a wearable; needs the running api role.

    Prints the link and its QR code, and the code to tell the patient in person.
    """
    settings = load_settings(config)
    if vendor is not None and vendor not in settings.vendors:
        raise click.BadParameter(f"this site is registered with {', '.join(settings.vendors)}")
    asker = _asker(settings, tenant, patient, user)
    api = ApiClient(
        settings.api.url, Signer.open(settings.keys), Egress.to_own_service(settings.api.url)
    )
    try:
        made = api.invite(asker, birth_date.date() if birth_date else None)
    except BackendError as error:
        raise click.ClickException(f"no invitation was made: {error}") from error
    _show(made, vendor)


def _asker(settings: Settings, tenant: str | None, patient: str, user: str) -> Asker:
    chosen = tenant_of(settings, tenant)
    return Asker(
        tenant=chosen.id,
        issuer=chosen.issuer,
        patient=patient,
        user=f"operator/{user}",
        user_name=user,
        context="command line",
        scopes=frozenset({"people.invite"}),
    )


def _show(made: Invitation, vendor: str | None) -> None:
    url = made.url if vendor is None else f"{made.url}?{urlencode({'vendor': vendor})}"
    click.echo(url)
    segno.make(url, error="m").terminal(compact=True)
    if made.code:
        click.echo(f"Code to tell the patient in person: {made.code}")
    click.echo(f"Works once, until {made.expires_at.astimezone():%H:%M}.")
