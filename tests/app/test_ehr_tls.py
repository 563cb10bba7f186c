"""TLS as `wristchart ehr check` finds it, with an authority of the hospital's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.ehr.report import Line
from app.ehr.tls_check import tls_lines
from config.settings import Tenant
from tests.support.tls import Authority, Proxies


@dataclass
class Server:
    """Something that listens with TLS as `localhost`."""

    port: int
    bundle: Path
    proxies: Proxies

    def line(self, **changes: object) -> Line:
        known = {
            "id": "hospital",
            "name": "General Hospital",
            "issuer": f"https://localhost:{self.port}/fhir",
            "timezone": "Europe/Oslo",
            "client_id": "wristchart",
            "scopes": (),
            "frame_ancestors": (),
            "backend_client_id": "",
            "backend_scopes": (),
            "ca_bundle": str(self.bundle),
        }
        [line] = tls_lines(Tenant(**{**known, **changes}))
        return line


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    authority = Authority(tmp_path)
    with Proxies() as proxies:
        port = proxies.in_front_of(9, authority.server("localhost")).port
        yield Server(port, authority.bundle, proxies)


def test_version_and_expiry_are_told(server):
    line = server.line()
    assert line.what.startswith("TLSv1.3, certificate until 20")
    assert line.verdict == "warn"  # the test's certificates hold for a day
    assert line.mend.startswith("renew it")


def test_an_authority_that_is_not_trusted_is_refused(server):
    line = server.line(ca_bundle="")
    assert line.verdict == "fail"
    assert "ca_bundle" in line.mend


def test_a_certificate_for_another_name_is_refused(server):
    line = server.line(issuer=f"https://127.0.0.1:{server.port}/fhir")
    assert line.verdict == "fail"
    assert "certificate refused" in line.what


def test_a_server_without_tls_is_refused(server):
    port = server.proxies.in_front_of(9).port
    assert server.line(issuer=f"https://localhost:{port}/fhir").verdict in ("fail", "unknown")


def test_the_way_through_the_proxy_is_checked(server):
    proxy = server.proxies.to_hosts({"localhost": server.port})
    line = server.line(issuer="https://localhost:8443/fhir", proxy=f"http://127.0.0.1:{proxy}")
    assert line.what.startswith("TLSv1.3")


def test_a_proxy_that_does_not_connect_cannot_be_checked(server):
    proxy = server.proxies.to_hosts({})
    line = server.line(proxy=f"http://127.0.0.1:{proxy}")
    assert (line.verdict, line.what) == ("unknown", "no connection: the proxy does not connect")


def test_a_private_address_that_is_not_allowed_is_not_connected_to(server, monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    line = server.line(issuer="https://ehr.hospital.example/fhir")
    assert line.verdict == "fail"
    assert "allowed_networks" in line.mend


def test_http_on_loopback_is_noted(server):
    line = server.line(issuer="http://127.0.0.1:8400/fhir")
    assert (line.verdict, "demonstrations only" in line.what) == ("ok", True)
