"""The one way out: HTTP to the origins that a site allows, and to no other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
MAXIMUM_BYTES = 32 * 1024 * 1024


class EgressError(Exception):
    """The request brought no answer."""


class Refused(EgressError):
    """The address is not one that this site allows; nothing was sent."""


class Unreachable(EgressError):
    """No whole answer came: the network, a time limit or the size limit."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of `url` in one spelling; raises Refused where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise Refused(f"not an http address: {url[:80]!r}") from error
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise Refused(f"not a plain http address: {url[:80]!r}")
    return f"{parts.scheme}://{parts.hostname}:{port}"


class Egress:
    """A pooled HTTP session that goes to the given origins only.

    It follows no redirect, ignores the environment's proxies and bounds time and size.
    """

    def __init__(self, origins: Iterable[str], *, connections: int = 16) -> None:
        self._origins = frozenset(origin_of(origin) for origin in origins)
        self._session = requests.Session()
        self._session.trust_env = False
        adapter = HTTPAdapter(pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def allows(self, url: str) -> bool:
        """Tell whether a request to `url` would be sent."""
        try:
            return origin_of(url) in self._origins
        except Refused:
            return False

    def request(
        self, method: str, url: str, *, maximum_bytes: int = MAXIMUM_BYTES, **options: Any
    ) -> requests.Response:
        """Send one request and read the whole answer; options are those of requests.

        Raises Refused (nothing sent) and Unreachable (it may have arrived all the same).
        """
        if not self.allows(url):
            raise Refused(f"{url[:200]!r} is outside the allowed origins")
        options.setdefault("timeout", (CONNECT_SECONDS, READ_SECONDS))
        try:
            answer = self._session.request(
                method, url, allow_redirects=False, stream=True, **options
            )
            _read(answer, maximum_bytes)
        except requests.RequestException as error:
            raise Unreachable(f"{method} {origin_of(url)}: {type(error).__name__}") from error
        return answer

    def get(self, url: str, **options: Any) -> requests.Response:
        """Send a GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        """Send a POST."""
        return self.request("POST", url, **options)


def _read(answer: requests.Response, maximum_bytes: int) -> None:
    """Read the body into the response, closing it where it grows beyond the limit."""
    body = bytearray()
    for piece in answer.iter_content(65536):
        body += piece
        if len(body) > maximum_bytes:
            answer.close()
            raise requests.exceptions.ContentDecodingError("answer too large")
    answer._content = bytes(body)  # the public way reads without a limit
