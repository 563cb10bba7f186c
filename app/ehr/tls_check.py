"""TLS at each origin of an EHR: version, and how long the certificate holds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from app.ehr.report import Line, failure, good, unknown, warning
from config.origins import origin
from config.settings import Tenant
from safeguards.egress import Refused
from safeguards.egress_addresses import Reach

SECONDS = 5.0
SOON = timedelta(days=30)
LONGEST_REPLY = 4096  # of a proxy to CONNECT


def tls_lines(tenant: Tenant) -> Iterator[Line]:
    """One line for each origin at which the EHR's endpoints may be."""
    for each in dict.fromkeys([origin(tenant.issuer), *tenant.endpoint_origins]):
        part = f"TLS {urlsplit(each).netloc}"
        if each.startswith("http:"):
            yield good(part, "http on loopback, no TLS: for demonstrations only")
        else:
            yield _line(part, each, tenant)


def _line(part: str, url: str, tenant: Tenant) -> Line:
    try:
        version, until = _handshake(url, tenant)
    except ssl.SSLCertVerificationError as error:
        mend = "renew the certificate, or name the hospital's own authority in ca_bundle"
        return failure(part, f"certificate refused: {error.verify_message}", mend)
    except ssl.SSLError as error:
        return failure(
            part, f"no TLS: {error.reason or error}", "the server must offer TLS 1.2 or 1.3"
        )
    except Refused as error:
        return failure(part, str(error), "name the EHR's network in allowed_networks")
    except OSError as error:
        return unknown(
            part, f"no connection: {error}", "may this machine reach that host and port?"
        )
    return judged(part, version, until, datetime.now(UTC))


def judged(part: str, version: str, until: datetime, now: datetime) -> Line:
    """Whether a certificate that is good now is so for long enough."""
    what = f"{version}, certificate until {until:%Y-%m-%d}"
    if until - now < SOON:
        return warning(part, what, f"renew it: {max((until - now).days, 0)} days are left")
    return good(part, what)


def _handshake(url: str, tenant: Tenant) -> tuple[str, datetime]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    context = ssl.create_default_context(cafile=tenant.ca_bundle or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with (
        _connected(host, port, tenant) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        until = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return secured.version() or "TLS", datetime.fromtimestamp(until, UTC)


def _connected(host: str, port: int, tenant: Tenant) -> socket.socket:
    """A connection to a checked address, or through the tenant's proxy."""
    if tenant.proxy:
        return _through(tenant.proxy, host, port)
    addresses = Reach.of(tenant.allowed_networks).resolved(host, port)
    if not addresses:
        raise OSError(f"{host} has no address")
    family, address = addresses[0]
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(SECONDS)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _through(proxy: str, host: str, port: int) -> socket.socket:
    parts = urlsplit(proxy)
    connection = socket.create_connection((parts.hostname or "", parts.port or 8080), SECONDS)
    try:
        connection.sendall(
            f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        )
        reply = b""
        while b"\r\n\r\n" not in reply and len(reply) < LONGEST_REPLY:
            piece = connection.recv(LONGEST_REPLY)
            if not piece:
                break
            reply += piece
        if reply.split(b" ")[1:2] != [b"200"]:
            raise OSError("the proxy does not connect")
    except OSError:
        connection.close()
        raise
    return connection
