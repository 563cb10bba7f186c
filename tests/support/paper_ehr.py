"""An EHR that only says what it is: a SMART configuration and a CapabilityStatement, over HTTP."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import WSGIRequestHandler, make_server


def statement(**offers: str) -> dict[str, Any]:
    """A CapabilityStatement: letters of c, r, u, s by kind of resource."""
    codes = {"c": "create", "r": "read", "u": "update", "s": "search-type"}
    resources = [
        {"type": kind, "interaction": [{"code": codes[letter]} for letter in letters]}
        for kind, letters in offers.items()
    ]
    return {
        "resourceType": "CapabilityStatement",
        "software": {"name": "Paper"},
        "rest": [{"mode": "server", "resource": resources}],
    }


@dataclass
class PaperEhr:
    """`configuration` and `capability` may be None: then the address answers 404.

    Its clock is `ahead` by so many seconds.
    """

    configuration: dict[str, Any] | None
    capability: dict[str, Any] | None
    ahead: float = 0.0
    sent: list[str] = field(default_factory=list)  # method and path

    def __enter__(self) -> PaperEhr:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        handler = _with_clock(self.ahead)
        self._server = make_server(
            "127.0.0.1", 0, self._app(), threaded=True, request_handler=handler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.issuer = f"{self.url}/fhir"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _app(self) -> Flask:
        app = Flask("paper_ehr")
        app.before_request(lambda: self.sent.append(f"{request.method} {request.path}"))
        documents = {
            "/fhir/.well-known/smart-configuration": lambda: _or_404(self.configuration),
            "/fhir/metadata": lambda: _or_404(self.capability),
        }
        for path, answer in documents.items():
            app.add_url_rule(path, path, answer)
        return app


def _with_clock(ahead: float) -> type[WSGIRequestHandler]:
    class Handler(WSGIRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + ahead)

    return Handler


def _or_404(document: dict[str, Any] | None) -> Response:
    return Response(status=404) if document is None else jsonify(document)


def configuration(**changes: Any) -> dict[str, Any]:
    """A SMART configuration with relative endpoints; None takes an entry out."""
    known = {
        "authorization_endpoint": "../auth/authorize",
        "token_endpoint": "../auth/token",
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "capabilities": [
            "launch-ehr",
            "client-confidential-asymmetric",
            "sso-openid-connect",
            "permission-offline",
            "permission-v2",
        ],
        **changes,
    }
    return {name: value for name, value in known.items() if value is not None}
