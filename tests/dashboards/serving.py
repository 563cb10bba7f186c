"""The page on a real server in this process, under the policy it must live with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from flask import Flask, Response
from werkzeug.serving import make_server

from dashboards.page import build
from tests.dashboards.fake_services import NOW, PATH, FakeServices


def application(services: FakeServices) -> Flask:
    """A server with nothing but the page and its Content-Security-Policy."""
    server = Flask("page-under-test")
    page = build(server, services, lambda: NOW)
    hashes = " ".join(f"'{value.strip(chr(39))}'" for value in page.csp_hashes())
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; object-src 'none'"
    )

    @server.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        return response

    return server


@contextmanager
def served(services: FakeServices) -> Iterator[str]:
    """The address of the page, while it is served from threads of this process."""
    server = make_server("127.0.0.1", 0, application(services), threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
