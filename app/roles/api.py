"""The api role: the backend's HTTP API, the link pages and the vendors' webhooks."""

from __future__ import annotations

import threading

from app.serving import serve
from config.settings import Settings
from wearable_agg.api.factory import create_api
from wearable_agg.api.webhooks import MOST_BYTES
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.registry import VENDORS

THREADS = 8


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until `stop` is set."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    api = create_api(settings, engine, VENDORS)
    serve(api, settings.api, stop, threads=THREADS, max_request_body_size=MOST_BYTES + 1)
    engine.dispose()
