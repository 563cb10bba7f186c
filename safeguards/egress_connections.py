"""Connections that go to checked addresses only, and end when their time is up."""

from __future__ import annotations

import functools
import math
import socket
import ssl
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from safeguards.egress_addresses import AnyAddress, Reach, SocketAddress

if TYPE_CHECKING:
    _Socket = socket.socket
    _Connection = HTTPConnection
else:
    _Socket = _Connection = object


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, to wait for the next byte, and for a whole request and its answer."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 30.0


class _Timed(_Socket):
    """A socket that receives nothing after `until` (monotonic seconds)."""

    until = math.inf

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole answer is up")
        if left < (self.gettimeout() or math.inf):
            self.settimeout(left)
        received: int = super().recv_into(*arguments, **options)
        return received


class _TimedSocket(_Timed, socket.socket):
    pass


class _TimedTls(_Timed, ssl.SSLSocket):
    pass


class _Checked(_Connection):
    """A connection of urllib3 whose name is resolved once, checked, and connected to as checked."""

    reach = Reach()
    limits = Limits()
    _until = math.inf
    _is_new = False

    def connect(self) -> None:
        self._until = time.monotonic() + self.limits.total
        self._is_new = True
        super().connect()
        self._pass_on()

    def request(self, *arguments: Any, **options: Any) -> None:
        if not self._is_new:
            self._until = time.monotonic() + self.limits.total
            self._pass_on()
        super().request(*arguments, **options)
        self._is_new = False

    def _pass_on(self) -> None:
        if isinstance(self.sock, _Timed):
            self.sock.until = self._until

    def _new_conn(self) -> socket.socket:
        host, port = self.host.strip("[]"), self.port or 0
        try:
            sock = _connected(self.reach.resolved(host, port), self.limits.connect)
        except socket.gaierror as error:
            raise NameResolutionError(host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"{host} did not answer in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection to {host}: {error}") from error
        sys.audit("http.client.connect", self, host, port)
        sock.until = self._until
        return sock


def _connected(addresses: list[SocketAddress], seconds: float) -> _TimedSocket:
    """The first address that answers; each gets an equal share of the time that is left."""
    until = time.monotonic() + seconds
    failure: OSError = OSError("the name stands for no address")
    for index, (family, sockaddr) in enumerate(addresses):
        sock = _TimedSocket(family, socket.SOCK_STREAM)
        sock.settimeout(max((until - time.monotonic()) / (len(addresses) - index), 0.001))
        try:
            sock.connect(sockaddr)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as error:
            failure = error
            sock.close()
    raise failure


class CheckedAdapter(HTTPAdapter):
    """The adapter of requests over checked connections; TLS trusts one bundle, from 1.2 on."""

    def __init__(self, reach: Reach, limits: Limits, ca_bundle: str, connections: int) -> None:
        self._pools = _pools(reach, limits)
        self._proxy_pools = _pools(AnyAddress(), limits)  # the registry names the proxy
        self._tls = _tls(ca_bundle) if ca_bundle else _usual_tls()
        super().__init__(pool_maxsize=connections)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._proxy_pools
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        parts = urlsplit(request.url)
        manager = self.proxy_manager_for(proxies[parts.scheme]) if proxies else self.poolmanager
        tls = {"ssl_context": self._tls} if parts.scheme == "https" else {}
        return manager.connection_from_host(
            parts.hostname, parts.port, parts.scheme, pool_kwargs=tls
        )

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to set: the context that all connections share verifies."""


@functools.cache
def _usual_tls() -> ssl.SSLContext:
    return _tls(certifi.where())  # reading the usual bundle takes tens of milliseconds


def _tls(ca_bundle: str) -> ssl.SSLContext:
    # made by hand: the usual makers obey SSLKEYLOGFILE and SSL_CERT_FILE of the environment
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_bundle)
    context.sslsocket_class = _TimedTls
    return context


def _pools(reach: Reach, limits: Limits) -> dict[str, Any]:
    """Pool classes whose connections know `reach`: urllib3 passes no such thing along."""
    known = {"reach": reach, "limits": limits}
    plain = type("CheckedHTTP", (_Checked, HTTPConnection), known)
    secure = type("CheckedHTTPS", (_Checked, HTTPSConnection), known)
    return {
        "http": type("CheckedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("CheckedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
