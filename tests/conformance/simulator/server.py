"""A threaded HTTP server on a free loopback port that records before it answers."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.conformance.simulator.recording import Recording, Sent


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `seconds` is how long it is withheld, `trickle` how slowly its bytes come."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    trickle: float = 0.0


def of_json(document: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; header names come with underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    base = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Answer(status, json.dumps(document).encode(), {**base, **named})


def of_fhir(resource: object, status: int = 200) -> Answer:
    """A FHIR answer."""
    return of_json(resource, status, Content_Type="application/fhir+json")


def of_text(text: str, status: int, kind: str = "text/plain") -> Answer:
    """A text that is no JSON."""
    return Answer(status, text.encode(), {"Content-Type": kind})


Handler = Callable[[Sent], Answer]


class LoopbackServer:
    """Serves `handle` at `url` until `close`; `tls` makes it an https server."""

    def __init__(
        self,
        name: str,
        recording: Recording,
        handle: Handler,
        *,
        host: str = "localhost",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(name, recording, handle))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        if tls is not None:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{host}:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening: from here on the server is down."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(name: str, recording: Recording, handle: Handler) -> type[BaseHTTPRequestHandler]:
    class Recorded(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            sent = self._received()
            recording.add(sent)
            answer = handle(sent)
            time.sleep(answer.seconds)
            try:
                self._reply(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _received(self) -> Sent:
            path, _, query = self.path.partition("?")
            length = int(self.headers.get("Content-Length") or 0)
            headers = {key.lower(): value for key, value in self.headers.items()}
            return Sent(name, self.command, path, query, headers, self.rfile.read(length))

        def _reply(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if not answer.trickle:
                self.wfile.write(answer.body)
                return
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.trickle)

        def log_message(self, *_: object) -> None:
            return

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _any

    return Recorded
