"""The one way out: HTTP to the origins that a site allows, and to no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from safeguards.egress_addresses import (
    AnyAddress,
    Reach,
    inside,
    is_loopback_host,
    origin_of,
)
from safeguards.egress_connections import CheckedAdapter, Limits
from safeguards.egress_errors import EgressError, NotConnected, Refused, Unreachable

if TYPE_CHECKING:
    from config.settings import Tenant

__all__ = [
    "Egress",
    "EgressError",
    "Limits",
    "NotConnected",
    "Refused",
    "Token",
    "Unreachable",
    "origin_of",
]

MAXIMUM_BYTES = 32 * 1024 * 1024
_SETTLED = re.compile(
    r"https?://[a-z0-9.\-]+(:[0-9]+)?/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
)
HEADERS = {"User-Agent": "wristchart", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the base URL beneath which it may be sent."""

    base: str
    value: str = field(repr=False)


class Egress:
    """Pooled HTTP connections to the given origins only. Thread-safe.

    A name is resolved once for each connection, `reach` must permit every address (without one:
    public addresses), and the connection goes to a checked one. Plain http is for loopback only.
    No redirect is followed, no cookie kept, nothing taken from the environment (proxies, netrc,
    CA bundles). Where a `proxy` is named everything goes through it, and it does the resolving.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        reach: Reach | None = None,
        ca_bundle: str = "",
        proxy: str = "",
        allow_http: bool = True,
        limits: Limits | None = None,
        connections: int = 16,
    ) -> None:
        known = (origin_of(origin) for origin in origins)
        self._origins = frozenset(each for each in known if _is_safe(each, allow_http))
        self._limits = limits or Limits()
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._adapter = CheckedAdapter(reach or Reach(), self._limits, ca_bundle, connections)

    @classmethod
    def to_ehr(cls, tenant: Tenant, connections: int = 16) -> Self:
        """The way to one tenant's EHR, as the registry describes it."""
        return cls(
            [tenant.issuer, *tenant.endpoint_origins],
            reach=Reach.of(tenant.allowed_networks),
            ca_bundle=tenant.ca_bundle,
            proxy=tenant.proxy,
            allow_http=tenant.allow_http,
            connections=connections,
        )

    @classmethod
    def to_own_service(cls, url: str, limits: Limits | None = None) -> Self:
        """The way to another process of this site, which may be in any network and speak http."""
        egress = cls([], reach=AnyAddress(), limits=limits)
        egress._origins = frozenset([origin_of(url)])
        return egress

    def allows(self, url: str) -> bool:
        """Tell whether `url` is at an allowed origin."""
        try:
            return origin_of(url) in self._origins
        except Refused:
            return False

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        bearer: Token | None = None,
        maximum_bytes: int = MAXIMUM_BYTES,
        **content: Any,
    ) -> Response:
        """Send one request and read the whole answer.

        `content` is what requests understands by `params`, `data`, `json` and `auth` (Basic). An
        access token is given as `bearer` and nowhere else. Raises Refused and NotConnected
        (nothing was sent) and Unreachable (it may have arrived all the same).
        """
        prepared = self._prepared(method, url, {**HEADERS, **(headers or {})}, bearer, content)
        timeout = (self._limits.connect, self._limits.read)
        try:
            answer = self._adapter.send(
                prepared, stream=True, timeout=timeout, proxies=self._proxies
            )
            _read(answer, maximum_bytes)
        except (RequestException, HTTPError, OSError) as error:
            kind = NotConnected if _is_unconnected(error) else Unreachable
            raise kind(f"{method} {origin_of(url)}: {type(error).__name__}") from error
        return answer

    def get(self, url: str, **options: Any) -> Response:
        """Send a GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        """Send a POST."""
        return self.request("POST", url, **options)

    def _prepared(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        bearer: Token | None,
        content: Mapping[str, Any],
    ) -> PreparedRequest:
        if any(name.lower() == "authorization" for name in headers):
            raise Refused("an access token goes out as `bearer`, with the base it is for")
        if bearer is not None:
            if not inside(bearer.base, url):
                raise Refused(f"the access token is not for {url[:200]!r}")
            headers["Authorization"] = f"Bearer {bearer.value}"
        if not self.allows(url):
            raise Refused(f"{url[:200]!r} is outside the allowed origins")
        if method == "GET" and not content and _SETTLED.fullmatch(url):
            return _plain_get(url, headers)
        prepared = PreparedRequest()
        try:
            prepared.prepare(method=method, url=url, headers=headers, **content)
        except RequestException as error:
            raise Refused(f"not a request: {type(error).__name__}") from error
        # asked again of what would be sent: two parsers may read one address differently
        if prepared.url is None or not self.allows(prepared.url):
            raise Refused(f"{url[:200]!r} is outside the allowed origins")
        return prepared


def _plain_get(url: str, headers: Mapping[str, str]) -> PreparedRequest:
    """What `prepare` makes of a GET in which nothing has to be worked on."""
    prepared = PreparedRequest()
    prepared.method, prepared.url = "GET", url
    prepared.headers = CaseInsensitiveDict(headers)
    return prepared


def _is_safe(origin: str, allow_http: bool) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "https" or (allow_http and is_loopback_host(parts.hostname or ""))


def _is_unconnected(error: Exception) -> bool:
    """Whether a request failed before the first byte of it went out."""
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(inner, (NewConnectionError, ConnectTimeoutError))


def _read(answer: Response, maximum_bytes: int) -> None:
    """Read the body into the response, closing it where it grows beyond the limit."""
    body = answer.raw.read(maximum_bytes + 1, decode_content=True)
    if len(body) > maximum_bytes:
        answer.close()
        raise RequestException("answer too large")
    answer._content = body  # the public way reads without a limit
