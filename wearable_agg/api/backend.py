"""What the routes work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from config.settings import Settings
from safeguards.assertions import Signer, Verifier
from safeguards.vault import Vault
from wearable_agg.intake.sites import VendorSite


@dataclass(frozen=True, slots=True)
class Backend:
    """The parts that every route may need; made once, used by all threads."""

    settings: Settings
    engine: Engine
    vault: Vault
    signer: Signer
    verifier: Verifier
    sites: Mapping[str, VendorSite]
