"""`wristchart ehr check`: whether each EHR works as registered. It never writes to one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from app.ehr.checking import check_tenant
from app.ehr.report import Line, exit_code, rows
from app.running import load_settings
from config.settings import Settings, Tenant


@click.command()
@click.argument("tenant", required=False)
@click.pass_obj
def check(config: Path, tenant: str | None) -> None:
    """Check the EHR of TENANT, or of every tenant; nothing is written to any EHR.

    Ends with 0 where all is well, 1 where something failed, 2 where it could not be checked.
    """
    try:
        settings = load_settings(config)
        chosen = _chosen(settings, tenant)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    found: list[Line] = []
    for each in chosen:
        click.echo(f"\n{each.name} ({each.id}): {each.issuer}\n")
        for line in _printed(each, settings):
            found.append(line)
    sys.exit(exit_code(found))


def _printed(tenant: Tenant, settings: Settings) -> Iterator[Line]:
    for line in check_tenant(tenant, settings):
        for row in rows([line]):
            click.echo(row)
        yield line


def _chosen(settings: Settings, tenant: str | None) -> tuple[Tenant, ...]:
    if not settings.tenants:
        raise click.ClickException("no EHR is registered: run `wristchart ehr add`")
    if tenant is None:
        return settings.tenants
    try:
        return (settings.tenant(tenant),)
    except KeyError as error:
        known = ", ".join(each.id for each in settings.tenants)
        raise click.ClickException(f"there is no tenant {tenant!r}: there is {known}") from error
