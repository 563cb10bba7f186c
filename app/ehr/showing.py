"""What `wristchart ehr add` prints: what was found, and what to register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from app.ehr.discovered import Discovered
from app.ehr.proposals import knows_version_2
from app.registration_values import addresses, load
from config.settings import Tenant


def show_discovered(found: Discovered) -> None:
    """Print what the EHR says of itself."""
    click.echo("\nFound:")
    for name, value in _discovered(found):
        click.echo(f"  {name:<24} {value}")


def _discovered(found: Discovered) -> Iterator[tuple[str, str]]:
    yield "by", found.source
    if found.statement is not None:
        yield "software", found.statement.software or "not named"
    else:
        yield "CapabilityStatement", "not readable without a token: kinds of resources not known"
    yield from found.endpoints.items()
    yield "PKCE", _listed(found, "code_challenge_methods_supported")
    yield "client authentication", _listed(found, "token_endpoint_auth_methods_supported")
    yield "scopes", "version 2" if knows_version_2(found) else "version 1"
    yield (
        "launch from the chart",
        "yes" if "launch-ehr" in found.words("capabilities") else "not named",
    )


def _listed(found: Discovered, name: str) -> str:
    return ", ".join(sorted(found.words(name))) or "not named"


def show_values(
    tenant: Tenant, backend_scopes: Sequence[str], web_url: str, kids: Sequence[str]
) -> None:
    """Print what to enter in the EHR's form."""
    site = addresses(web_url)
    own = f"/{tenant.id}" if tenant.own_callback else ""
    values = {
        "Launch URL": site["launch_url"],
        "Redirect URL": site["redirect_url"] + own,
        "JWKS URL": site["jwks_url"],
        "Key ids": ", ".join(kids),
        "Client type": tenant.client_type,
        "Scopes": " ".join([*tenant.scopes, *([load().standalone] if tenant.standalone else [])]),
        "Backend client scopes": " ".join(backend_scopes) or "none: it offers nothing to write",
    }
    click.echo(f"\nRegister these in the EHR (with copy buttons: {site['page_url']}):")
    for name, value in values.items():
        click.echo(f"  {name:<24} {value}")
    click.echo("")
