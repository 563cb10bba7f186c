import gzip
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from safeguards.egress import Egress, Limits, Unreachable

SHORT = Limits(connect=0.5, read=0.5, total=1.0)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Server:
    """Answers each connection by a script: bytes to send, or seconds to wait."""

    def __init__(self) -> None:
        self.script: list[bytes | float] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := connection.recv(65536):
                    self.requests.append(request)
                    for step in self.script:
                        if isinstance(step, float):
                            time.sleep(step)
                        else:
                            connection.sendall(step)
            except OSError:
                return


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def seconds_until_unreachable(egress: Egress, url: str) -> float:
    began = time.monotonic()
    with pytest.raises(Unreachable):
        egress.get(url)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "trickle",
    [
        [HEAD % 100, *([b"x", 0.1] * 100)],
        [b"HTTP/1.1 200 OK\r\n", *([b"A: b\r\n", 0.1] * 90)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([b"1\r\nx\r\n", 0.1] * 100)],
        [b"HTTP/1.1 200 OK\r\n\r\n", *([b"x", 0.1] * 100)],
    ],
    ids=["body", "headers", "chunks", "until closed"],
)
def test_an_answer_that_trickles_ends_when_its_time_is_up(server, trickle):
    server.script = trickle
    assert 0.9 < seconds_until_unreachable(Egress([server.url], limits=SHORT), server.url) < 1.6


def test_silence_ends_earlier(server):
    server.script = [5.0]
    assert seconds_until_unreachable(Egress([server.url], limits=SHORT), server.url) < 0.9


def test_each_request_on_a_kept_connection_has_its_own_time(server):
    server.script = [0.4, HEAD % 2, b"ok"]
    egress = Egress([server.url], limits=SHORT)
    assert [egress.get(server.url).content for _ in range(4)] == [b"ok"] * 4
    assert server.connections == 1


def test_a_host_that_swallows_connections_is_left(server):
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    url = f"http://127.0.0.1:{full.getsockname()[1]}"
    waiting = [socket.create_connection(full.getsockname()) for _ in range(1)]
    egress = Egress([url], limits=SHORT)
    assert seconds_until_unreachable(egress, url) < 1.6
    for each in (*waiting, full):
        each.close()


def test_a_compressed_answer_counts_as_it_unfolds(server):
    bomb = gzip.compress(b"0" * 50_000_000)
    server.script = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb),
        bomb,
    ]
    with pytest.raises(Unreachable):
        Egress([server.url]).get(server.url, maximum_bytes=1_000_000)


def test_a_compressed_answer_is_unfolded(server):
    body = gzip.compress(b"hello")
    server.script = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body),
        body,
    ]
    assert Egress([server.url]).get(server.url).text == "hello"


@pytest.mark.parametrize("script", [[HEAD % 10, b"short"], [b"nonsense\r\n\r\n"], [HEAD % -1]])
def test_a_broken_answer_is_none(server, script):
    server.script = [*script, 0.2]
    with pytest.raises(Unreachable):
        Egress([server.url], limits=SHORT).get(server.url)


def test_no_cookie_is_kept(server):
    server.script = [b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"]
    egress = Egress([server.url])
    for _ in range(2):
        egress.get(server.url)
    assert not any(b"ookie" in request for request in server.requests)


def test_nothing_of_the_environment_goes_out(server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    server.script = [HEAD % 0]
    assert Egress([server.url]).get(server.url).ok
    assert b"Authorization" not in server.requests[0]


def test_everything_goes_through_a_proxy_that_is_named(server):
    server.script = [HEAD % 2, b"ok"]
    egress = Egress(["http://localhost:9"], proxy=server.url)
    assert egress.get("http://localhost:9/fhir").content == b"ok"
    assert server.requests[0].startswith(b"GET http://localhost:9/fhir HTTP/1.1\r\n")


def test_https_goes_through_a_tunnel_of_the_proxy(server):
    server.script = [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"]
    with pytest.raises(Unreachable):
        Egress(["https://ehr.example"], proxy=server.url).get("https://ehr.example/fhir")
    assert server.requests[0].startswith(b"CONNECT ehr.example:443 HTTP/1.")
    assert b"fhir" not in b"".join(server.requests)
