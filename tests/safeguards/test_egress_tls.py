import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from safeguards.egress import Egress, Refused, Unreachable
from safeguards.egress_addresses import Reach
from tests.support.tls import Authority


class Greeting(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


class Https:
    """An https server on loopback; `names` collects the SNI that clients sent."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.names: list[str | None] = []
        context.sni_callback = lambda _, name, __: self.names.append(name)
        self._server = Quiet(("127.0.0.1", 0), Greeting)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    return authority.server("localhost")


@pytest.fixture
def server(context: ssl.SSLContext) -> Iterator[Https]:
    running = Https(context)
    yield running
    running.close()


def test_a_bundle_of_the_registry_is_trusted(server: Https, authority: Authority) -> None:
    url = f"https://localhost:{server.port}"
    assert Egress([url], ca_bundle=str(authority.bundle)).get(url).content == b"ok"
    assert server.names == ["localhost"]


def test_without_it_the_usual_authorities_are(server: Https) -> None:
    url = f"https://localhost:{server.port}"
    with pytest.raises(Unreachable):
        Egress([url]).get(url)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_bundles_of_the_environment_are_not_trusted(
    server: Https, authority: Authority, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(authority.bundle))
    url = f"https://localhost:{server.port}"
    with pytest.raises(Unreachable):
        Egress([url]).get(url)


def test_no_keys_are_written_for_the_environment(
    server: Https, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    url = f"https://localhost:{server.port}"
    Egress([url], ca_bundle=str(authority.bundle)).get(url)
    assert not (tmp_path / "keys.log").exists()


def test_the_certificate_is_for_the_host_that_was_asked_for(
    server: Https, authority: Authority
) -> None:
    url = f"https://127.0.0.1:{server.port}"
    with pytest.raises(Unreachable):
        Egress([url], ca_bundle=str(authority.bundle)).get(url)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(context: ssl.SSLContext, authority: Authority) -> None:
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = Https(context)
    url = f"https://localhost:{server.port}"
    with pytest.raises(Unreachable):
        Egress([url], ca_bundle=str(authority.bundle)).get(url)
    server.close()


def test_http_is_for_loopback_only() -> None:
    egress = Egress(["http://ehr.example", "http://10.0.0.5"], reach=Reach.of(["10.0.0.0/8"]))
    assert not egress.allows("http://ehr.example/fhir")
    assert not egress.allows("http://10.0.0.5/fhir")


def test_http_may_be_forbidden_altogether() -> None:
    with pytest.raises(Refused):
        Egress(["http://localhost:9"], allow_http=False).get("http://localhost:9/")
