"""The web role: launch, callback and the page, behind one HTTP port."""

from __future__ import annotations

import logging
import threading

import structlog
from waitress.server import create_server

from app.factory import create_app
from app.parts import Parts
from config.settings import Settings

THREADS = 8
REQUEST_LINE_AND_HEADERS = 65_536


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until `stop` is set."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        create_app(Parts.open(settings)),
        host=settings.web.host,
        port=settings.web.port,
        threads=THREADS,
        ident=None,
        max_request_header_size=REQUEST_LINE_AND_HEADERS,
        max_request_body_size=1_048_576,
        clear_untrusted_proxy_headers=True,
    )
    serving = threading.Thread(target=server.run, name="web", daemon=True)
    serving.start()
    structlog.get_logger().info("listening", url=settings.web.url)
    stop.wait()
    server.close()
    serving.join(timeout=5)
