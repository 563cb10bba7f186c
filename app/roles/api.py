"""The api role: the backend's HTTP API, the link pages and the vendors' webhooks."""

from __future__ import annotations

import threading

from waitress.server import create_server

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
    server = create_server(
        create_api(settings, engine, VENDORS),
        host=settings.api.host,
        port=settings.api.port,
        threads=THREADS,
        ident=None,
        max_request_body_size=MOST_BYTES + 1,
    )
    serving = threading.Thread(target=server.run, name="api", daemon=True)
    serving.start()
    stop.wait()
    server.close()
    engine.dispose()
