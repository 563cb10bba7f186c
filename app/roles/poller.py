"""The poller role: asks the vendors for what is new."""

from __future__ import annotations

import threading

from config.settings import Settings
from safeguards.vault import Vault
from wearable_agg.intake.polling import Poller
from wearable_agg.intake.sites import vendor_sites
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.registry import VENDORS


def run(settings: Settings, stop: threading.Event) -> None:
    """Poll until `stop` is set."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    vault = Vault.open(settings.keys)
    Poller(engine, vault, vendor_sites(settings, engine, vault, VENDORS), stop).run()
    engine.dispose()
