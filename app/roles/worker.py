"""The worker role: turns what arrived into measurements, rollups and daily totals."""

from __future__ import annotations

import threading
import time

from config.settings import Settings
from safeguards.vault import Vault
from wearable_agg.intake.day_totals import DayTotals
from wearable_agg.intake.processing import Worker
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.registry import READERS, VENDORS

CLOSE_DAYS_SECONDS = 60.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Work through the inbox until `stop` is set."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    totals = DayTotals({tenant.id: tenant.upload_days for tenant in settings.tenants})
    worker = Worker(engine, Vault.open(settings.keys), VENDORS, totals, READERS)
    next_close = 0.0
    while not stop.is_set():
        if time.monotonic() >= next_close:
            with writing(engine) as connection:
                totals.close_days(connection)
            next_close = time.monotonic() + CLOSE_DAYS_SECONDS
        if not worker.step():
            stop.wait(settings.worker_interval_seconds)
    engine.dispose()
