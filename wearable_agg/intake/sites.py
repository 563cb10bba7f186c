"""Each vendor as this site uses it: its registration, the way out to it, its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from config.settings import Settings, VendorApp
from safeguards.egress import Egress
from safeguards.vault import Vault
from wearable_agg.people.tokens import TokenDesk
from wearable_agg.vendors.protocol import Vendor


@dataclass(frozen=True, slots=True)
class VendorSite:
    """A vendor as this site uses it."""

    vendor: Vendor
    app: VendorApp
    http: Egress
    desk: TokenDesk
    callback_url: str


def vendor_sites(
    settings: Settings, engine: Engine, vault: Vault, vendors: Mapping[str, Vendor]
) -> dict[str, VendorSite]:
    """Return the vendors that this site is registered with."""
    return {
        name: _site(settings, engine, vault, vendors[name], app)
        for name, app in settings.vendors.items()
        if name in vendors
    }


def scales_of(sites: Mapping[str, VendorSite]) -> dict[str, float]:
    """Return by vendor how many times the documented limits it allows this site."""
    return {name: site.app.rate_scale for name, site in sites.items()}


def is_signed(app: VendorApp) -> bool:
    """Tell whether the vendor signs its notifications; otherwise only the address is secret."""
    return bool(app.keyset_url)


def _site(
    settings: Settings, engine: Engine, vault: Vault, vendor: Vendor, app: VendorApp
) -> VendorSite:
    addresses = (app.api_url, app.token_url, app.revoke_url, app.keyset_url)
    http = Egress(address for address in addresses if address)
    callback_url = f"{settings.api.url}/webhooks/{app.vendor}"
    if not is_signed(app):
        callback_url += f"/{app.webhook_secret}"
    return VendorSite(vendor, app, http, TokenDesk(engine, vault, vendor, app, http), callback_url)
