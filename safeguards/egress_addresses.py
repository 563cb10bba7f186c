"""Which addresses may be reached: spelling of URLs, and the networks behind a host's name."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from safeguards.egress_errors import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SocketAddress = tuple[int, Any]  # family and what socket.connect takes

PORTS = {"http": 80, "https": 443}
METADATA = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # most clouds
            "100.100.100.200",  # Alibaba Cloud
            "168.63.129.16",  # Azure, and a public address
            "192.0.0.192",  # Oracle Cloud, older
            "fd00:ec2::254",  # AWS by IPv6
        ),
    )
)
_ODD = re.compile(r"[\x00-\x20\x7f\\]")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64, RFC 6052


@lru_cache(maxsize=1024)
def origin_of(url: str) -> str:
    """Return scheme, host and port of `url` in one spelling; raises Refused where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise Refused(f"not an http address: {url[:80]!r}") from error
    if not _is_plain(url, parts):
        raise Refused(f"not a plain http address: {url[:80]!r}")
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _is_plain(url: str, parts: SplitResult) -> bool:
    """Parsers disagree about what is odd in an address, so nothing odd is sent anywhere."""
    host = parts.hostname
    odd = not host or not host.isascii() or "@" in parts.netloc or _ODD.search(url)
    return not odd


def inside(base: str, url: str) -> bool:
    """Tell whether `url` is at the same origin as `base` and beneath its path."""
    try:
        same_origin = origin_of(base) == origin_of(url)
    except Refused:
        return False
    path, root = unquote(urlsplit(url).path), urlsplit(base).path.rstrip("/")
    return (
        same_origin
        and (path == root or path.startswith(root + "/"))
        and not {".", ".."} & set(path.split("/"))
        and "\\" not in path
    )


def is_loopback_host(host: str) -> bool:
    """Tell whether the name itself says that it is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Reach:
    """The addresses that names may stand for: public ones, and those in `networks`."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[str]) -> Reach:
        """Read networks in CIDR notation; raises ValueError."""
        return cls(tuple(ipaddress.ip_network(network) for network in networks))

    def permits(self, host: str, address: Address) -> bool:
        """Tell whether `host` may stand for `address`.

        A loopback name may stand for loopback only, and nothing else may. Link-local addresses
        and those of cloud metadata services are never permitted, whatever `networks` says.
        """
        if address.is_loopback or is_loopback_host(host):
            return address.is_loopback and is_loopback_host(host)
        return all(self._permits(meant) for meant in _meanings(address))

    def _permits(self, address: Address) -> bool:
        never = address.is_link_local or address.is_multicast or address.is_unspecified
        if never or address.is_loopback or address in METADATA:
            return False
        return address.is_global or any(address in network for network in self.networks)

    def resolved(self, host: str, port: int) -> list[SocketAddress]:
        """Resolve a host once; raises Refused unless every address is permitted, and OSError."""
        found = _looked_up(host, port)
        for _, sockaddr in found:
            address = ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])
            if not self.permits(host, address):
                raise Refused(f"{host} stands for {address}, which this site does not allow")
        return found


class AnyAddress(Reach):
    """For a host that the site itself named for any use."""

    __slots__ = ()

    def permits(self, host: str, address: Address) -> bool:
        """Every address."""
        return True


def _looked_up(host: str, port: int) -> list[SocketAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, sockaddr) for family, _, _, _, sockaddr in found]


def _meanings(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 addresses that are reached through it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _TRANSLATED:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (each for each in inner if each is not None)
