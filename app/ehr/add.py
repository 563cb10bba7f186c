"""`wristchart ehr add`: ask, discover, show, and write the registry entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app.ehr import asking
from app.ehr.interview import Interview, refuse
from app.ehr.registry_file import CannotAdd, append, entry
from app.running import load_settings
from config.settings import CLIENT_TYPES, Settings, Tenant
from config.tenant_checks import tenant_faults
from smart.ehr import Ehr
from smart.errors import EhrError
from smart.keys import ClientKeys, KeysUnusable


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Every question as an option, for scripts."""
    for flag, text in reversed(
        [
            ("--issuer", "FHIR base URL of the EHR, as it sends it in `iss`."),
            ("--name", "Name of the hospital, shown to users."),
            ("--id", "Short name of the tenant in this site."),
            ("--timezone", "Time zone of the hospital, such as Europe/Oslo."),
            ("--client-type", f"One of {', '.join(CLIENT_TYPES)}."),
            ("--client-id", "Client id that the EHR gave for the launch."),
            ("--backend-client-id", "Client id for Backend Services; empty: nothing is written."),
            ("--frame-ancestors", "Origins of the EHR's pages that frame the app."),
            ("--scopes", "Scopes of the launch, instead of those proposed."),
            ("--backend-scopes", "Scopes of Backend Services, instead of those proposed."),
            ("--ca-bundle", "PEM file of the certificates to trust for this EHR."),
            ("--proxy", "HTTP proxy to reach this EHR by."),
        ]
    ):
        command = click.option(flag, help=text)(command)
    return command


@click.command()
@_options
@click.option(
    "--client-secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the client secret (symmetric clients).",
)
@click.option(
    "--allowed-network", multiple=True, help="Private network in which the EHR is: 10.20.0.0/16."
)
@click.option("--yes", is_flag=True, help="Take what was found, and write without asking.")
@click.pass_obj
def add(config: Path, /, **given: Any) -> None:
    """Add an EHR to the registry: asks, discovers, and writes the entry."""
    settings = load_settings(config)
    keys = _keys(settings)
    tenant = Interview(settings, keys, given).tenant()
    _check(tenant, keys)
    click.echo(f"\nThe entry:\n\n{_without_secret(tenant)}")
    if not asking.agree(given["yes"], f"Write it to {config}?"):
        raise click.ClickException("nothing was written")
    try:
        append(config, tenant)
    except CannotAdd as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"Written. Restart the roles, then: wristchart --config {config} ehr check {tenant.id}"
    )


def _keys(settings: Settings) -> ClientKeys:
    """The site's keys, which are made here if there are none."""
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return ClientKeys.open(settings.keys)
    except (KeysUnusable, OSError) as error:
        raise click.ClickException(str(error)) from error


def _check(tenant: Tenant, keys: ClientKeys) -> None:
    """Refuse an entry with which the roles would not start, or could not launch."""
    refuse(tenant_faults(tenant))
    try:
        Ehr(tenant, keys).configuration()
    except EhrError as error:
        raise click.ClickException(f"nothing was written: {error}") from error


def _without_secret(tenant: Tenant) -> str:
    return entry(replace(tenant, client_secret="(hidden)" if tenant.client_secret else ""))
