"""The gateway role: takes streamed ECG over WebSocket."""

from __future__ import annotations

import threading
from contextlib import suppress

import uvicorn

from app.listening import cannot_listen
from config.settings import Settings
from safeguards.assertions import Verifier
from wearable_agg.ecg.frames import MAXIMUM_FRAME_BYTES
from wearable_agg.ecg.gateway import create_gateway
from wearable_agg.ecg.permission import EcgPermission
from wearable_agg.ecg.tables import open_inbox
from wearable_agg.store.database import open_database
from wearable_agg.store.migrations import migrate

PING_SECONDS = 15.0
DEAD_SECONDS = 30.0
CLOSING_SECONDS = 3


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until `stop` is set; frames that were taken are on disk when it returns.

    Raises click.ClickException where the port was taken meanwhile.
    """
    inbox = open_inbox(settings.ecg_database)
    wearables = open_database(settings.wearables_database)
    migrate(wearables)
    verifier, permission = Verifier.open(settings.keys), EcgPermission(wearables)
    server = uvicorn.Server(
        uvicorn.Config(
            create_gateway(inbox, verifier, permission),
            host=settings.gateway.host,
            port=settings.gateway.port,
            ws_max_size=MAXIMUM_FRAME_BYTES,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=DEAD_SECONDS,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=CLOSING_SECONDS,
            access_log=False,
            log_config=None,
        )
    )
    # in a thread, uvicorn leaves SIGTERM and SIGINT to whoever set `stop`
    serving = threading.Thread(target=_serve, args=(server, stop), name="gateway")
    serving.start()
    stop.wait()
    server.should_exit = True
    serving.join()
    inbox.dispose()
    wearables.dispose()
    if not server.started:
        raise cannot_listen("gateway", settings.gateway)


def _serve(server: uvicorn.Server, stop: threading.Event) -> None:
    """Serve; where that is impossible (the port is taken) the role ends too."""
    try:
        with suppress(SystemExit):
            server.run()
    finally:
        stop.set()
