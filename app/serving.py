"""Serving a WSGI application until told to stop."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import structlog
from waitress import wasyncore
from waitress.server import create_server

from config.settings import Listen

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOK_SECONDS = 0.2
ENDING_SECONDS = 3
MOST_CONNECTIONS = 1000  # a browser keeps six open; whoever comes beyond the limit gets no answer


def serve(
    application: WSGIApplication, listen: Listen, stop: threading.Event, **limits: object
) -> None:
    """Serve on `listen` until `stop` is set; requests under way may end.

    `limits` are waitress's own settings. The loop runs here, not in a thread of its own, because
    closing a running waitress from outside ends in a traceback.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every short wait
    sockets: dict[int, Any] = {}
    server = create_server(
        application,
        map=sockets,
        host=listen.host,
        port=listen.port,
        ident=None,
        connection_limit=MOST_CONNECTIONS,
        **limits,
    )
    structlog.get_logger().info("listening", url=listen.url)
    while not stop.is_set():
        wasyncore.loop(timeout=LOOK_SECONDS, map=sockets, use_poll=True, count=1)
    server.task_dispatcher.shutdown(timeout=ENDING_SECONDS)
    server.close()
