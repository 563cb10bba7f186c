"""TLS as a hospital has it: an authority of its own, and a proxy in front of each listener.

Nothing here is trusted by default: Python is given the authority's certificate as a file, Chromium
the hash of its key.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

PARTITIONED = b"; Partitioned"
LONGEST_READ = 65_536


@dataclass(slots=True)
class Front:
    """A proxy in front of one listener; `without` is taken out of every answer."""

    target: int
    without: bytes = b""
    port: int = 0


Streams = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Authority:
    """A certificate authority that lives as long as the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._own = self._certificate(self._name, self._key.public_key(), authority=True)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self._own.public_bytes(Encoding.PEM))

    @property
    def key_hash(self) -> str:
        """What Chromium's --ignore-certificate-errors-spki-list takes."""
        info = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(info).digest()).decode()

    def server(self, host: str) -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for `host` and the chain to the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._certificate(subject, key.public_key(), host=host)
        file = self._folder / f"{host}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = [one.public_bytes(Encoding.PEM) for one in (certificate, self._own)]
        file.write_bytes(private + b"".join(chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        host: str = "",
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(_issued_by(self._key), critical=False)
        )
        if host:
            builder = builder.add_extension(_alternative_name(host), critical=False)
        return builder.sign(self._key, hashes.SHA256())


class Proxies:
    """Proxies on loopback, all on one thread, until the end of the `with`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Proxies:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def in_front_of(self, port: int, context: ssl.SSLContext | None = None) -> Front:
        """Pass everything on to a port."""
        front = Front(port)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _pass_on(reader, writer, front)

        front.port = self._listen(serve, context)
        return front

    def to_hosts(self, ports: Mapping[str, int]) -> int:
        """A forward proxy (CONNECT) that knows just these hosts; its port is returned."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            host = head.split()[1].rpartition(":")[0]
            if not head.startswith("CONNECT ") or host not in ports:
                writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                writer.close()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _pass_on(reader, writer, Front(ports[host]))

        return self._listen(serve)

    def _listen(self, serve: Streams, context: ssl.SSLContext | None = None) -> int:
        async def start() -> int:
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
            return int(server.sockets[0].getsockname()[1])

        return asyncio.run_coroutine_threadsafe(start(), self._loop).result(10)


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, front: Front
) -> None:
    try:
        inner, outer = await asyncio.open_connection("127.0.0.1", front.target)
        await asyncio.gather(_pump(reader, outer), _pump(inner, writer, front))
    except (OSError, ssl.SSLError):
        writer.close()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, front: Front | None = None
) -> None:
    while data := await reader.read(LONGEST_READ):
        # the server writes the head of an answer in one piece
        writer.write(data.replace(front.without, b"") if front and front.without else data)
        await writer.drain()
    writer.close()


def _issued_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _alternative_name(host: str) -> x509.SubjectAlternativeName:
    try:
        return x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
    except ValueError:
        return x509.SubjectAlternativeName([x509.DNSName(host)])
