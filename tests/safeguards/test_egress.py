import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from safeguards.egress import Egress, Refused, Unreachable, origin_of


class Recorder(BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_GET(self):
        self.seen.append(self.path)
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/secret")
        else:
            self.send_response(200)
        body = b"x" * (2000 if self.path == "/large" else 2)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Recorder.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_allowed_origin_is_reached(server):
    assert Egress([server]).get(f"{server}/a").content == b"xx"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://user@127.0.0.1:PORT/",
        "http://127.0.0.1:PORT@evil.example/",
        "http://2130706433:PORT/",
        "http://0x7f.1:PORT/",
        "http://[::ffff:127.0.0.1]:PORT/",
        "http://127。0。0。1:PORT/",
        "ftp://127.0.0.1:PORT/",
        "file:///etc/hostname",
        "//127.0.0.1:PORT/",
        "http://127.0.0.1:99999/",
        "http:///path",
        "",
    ],
)
def test_any_other_address_is_refused_with_nothing_sent(server, url):
    with pytest.raises(Refused):
        Egress([server]).get(url.replace("PORT", server.rsplit(":", 1)[1]))
    assert Recorder.seen == []


def test_redirects_are_not_followed(server):
    assert Egress([server]).get(f"{server}/redirect").status_code == 302
    assert Recorder.seen == ["/redirect"]


def test_an_answer_beyond_the_limit_is_dropped(server):
    with pytest.raises(Unreachable):
        Egress([server]).get(f"{server}/large", maximum_bytes=1000)


def test_nobody_listening_is_unreachable():
    with pytest.raises(Unreachable):
        Egress(["http://127.0.0.1:1"]).get("http://127.0.0.1:1/")


def test_the_proxy_of_the_environment_is_ignored(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert Egress([server]).get(f"{server}/a").status_code == 200


def test_origins_are_compared_in_one_spelling():
    assert origin_of("HTTP://Example.org/x") == origin_of("http://example.org:80")
