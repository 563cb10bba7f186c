"""What the routes work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from config.clinical import load
from config.settings import Settings
from safeguards.assertions import Signer, Verifier
from safeguards.vault import Vault
from wearable_agg.intake.sites import VendorSite
from wearable_agg.people.devices import DeviceTokens
from wearable_agg.vendors.registry import READERS


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts that every route may need; made once, used by all threads."""

    settings: Settings
    engine: Engine
    vault: Vault
    signer: Signer
    verifier: Verifier
    sites: Mapping[str, VendorSite]
    devices: DeviceTokens

    def vendor_name(self, vendor: str) -> str:
        """Return a vendor's name as people know it; its id where the site has it no longer."""
        site = self.sites.get(vendor)
        known = site.vendor if site else READERS.get(vendor)
        return known.name if known else vendor

    def poll_seconds(self, vendor: str) -> int:
        """Return how often news of a vendor's is expected."""
        site = self.sites.get(vendor)
        return site.app.poll_seconds if site else load("silence")["pushed"]["every_seconds"]
