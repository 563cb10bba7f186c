"""The engine role: finds atrial fibrillation in streamed ECG and in recordings that people took."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import SQLAlchemyError

from config.settings import Settings
from safeguards.vault import KeyUnavailable, Vault
from wearable_agg.afib import beats_only, step
from wearable_agg.ecg.tables import open_inbox
from wearable_agg.engine.embedded import EmbeddedEngine
from wearable_agg.engine.pace import beat, calm_memory
from wearable_agg.engine.spots import SpotClassifier
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate

PAUSE_SECONDS = 2.0
log = structlog.get_logger()


def run(settings: Settings, stop: threading.Event) -> None:
    """Analyse until `stop` is set, then save where it stands."""
    wearables = open_database(settings.wearables_database)
    migrate(wearables)
    inbox = open_inbox(settings.ecg_database)
    step.warm_up()
    beats_only.warm_up()
    timezones = {tenant.id: tenant.timezone for tenant in settings.tenants}
    vault = Vault.open(settings.keys)
    engine = EmbeddedEngine(inbox, wearables, vault, timezones)
    spots = SpotClassifier(wearables, vault)
    spots.prepare()
    try:
        _work(engine, spots, settings.engine_interval_seconds, stop)
    finally:
        inbox.dispose()
        wearables.dispose()


def _work(
    engine: EmbeddedEngine, spots: SpotClassifier, interval: float, stop: threading.Event
) -> None:
    """Follow the inbox; where a database cannot be used, pause and go back to the checkpoint."""
    resumed = False
    calm_memory()
    while not stop.is_set():
        try:
            if not resumed:
                engine.resume()
                resumed = True
            beat(engine, spots.step, interval, stop.wait)
        except (SQLAlchemyError, KeyUnavailable) as error:
            log.error("database or keys not usable", reason=str(error.__cause__ or error))
            resumed = False
            stop.wait(PAUSE_SECONDS)
    if resumed:
        engine.save()
