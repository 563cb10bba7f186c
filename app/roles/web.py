"""The web role: launch, callback and the page, behind one HTTP port."""

from __future__ import annotations

import threading

from app.factory import create_app
from app.parts import Parts
from app.serving import serve
from config.settings import Settings

THREADS = 8
REQUEST_LINE_AND_HEADERS = 65_536


def run(settings: Settings, stop: threading.Event) -> None:
    """Serve until `stop` is set."""
    serve(
        create_app(Parts.open(settings)),
        settings.web,
        stop,
        threads=THREADS,
        max_request_header_size=REQUEST_LINE_AND_HEADERS,
        max_request_body_size=1_048_576,
        clear_untrusted_proxy_headers=True,
    )
