"""Addresses in a site's settings: what counts as loopback, and what as an origin."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Tell whether the host of `url` is this machine by its name or number alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Tell whether `text` is an http(s) origin and no more: scheme, host and perhaps a port.

    An origin goes into a Content-Security-Policy as it is, so nothing else may hide in it.
    """
    if any(character.isspace() or character in ";,'\"*\\" for character in text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    named = f"{parts.scheme}://{_host(parts.hostname)}" + ("" if port is None else f":{port}")
    return parts.scheme in ("http", "https") and bool(parts.hostname) and named == text


def origin(url: str) -> str:
    """Return the origin of an http(s) URL as a browser writes it."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{_host(parts.hostname)}{port}"


def _host(name: str | None) -> str:
    return f"[{name}]" if name and ":" in name else name or ""
