"""What the operator's commands have in common."""

from __future__ import annotations

import click

from config.settings import Settings, Tenant


def tenant_of(settings: Settings, identifier: str | None) -> Tenant:
    """Return the tenant that an option names, the first where it names none.

    Raises click.ClickException.
    """
    if not settings.tenants:
        raise click.ClickException("the settings name no tenant")
    if identifier is None:
        return settings.tenants[0]
    try:
        return settings.tenant(identifier)
    except KeyError as error:
        known = ", ".join(tenant.id for tenant in settings.tenants)
        raise click.BadParameter(f"no tenant {identifier}: there is {known}") from error
