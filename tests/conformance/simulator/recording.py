"""What went over the wire, request by request."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it arrived at a simulated server; header names are lower case."""

    server: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's parameters in order, each as often as it was sent."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The form's fields in order, each as often as it was sent."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def form(self) -> dict[str, str]:
        """The form, where no field stands twice."""
        named = dict(self.fields)
        assert len(named) == len(self.fields), "a form field was sent twice"
        return named

    @property
    def asked(self) -> dict[str, str]:
        """The authorization request's parameters, from query or form, none of them twice."""
        pairs = self.fields if self.method == "POST" else self.parameters
        assert len(dict(pairs)) == len(pairs), "a parameter was sent twice"
        return dict(pairs)

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        """The bearer token, "" where there is none."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token if kind == "Bearer" else ""

    @property
    def basic(self) -> tuple[str, str]:
        """User name and password of HTTP Basic, as sent."""
        kind, _, credentials = self.headers.get("authorization", "").partition(" ")
        assert kind == "Basic", f"no Basic credentials but {kind!r}"
        name, _, password = base64.b64decode(credentials).decode().partition(":")
        return name, password

    def everything(self) -> str:
        """The whole request as one text, to look for what must not be in it."""
        return "\n".join(
            (
                self.path,
                self.query,
                json.dumps(dict(self.headers)),
                self.body.decode(errors="replace"),
            )
        )


@dataclass
class Recording:
    """All requests to all simulated servers of a test, in the order of their arrival."""

    sent: list[Sent] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, sent: Sent) -> None:
        """Note a request."""
        with self._lock:
            self.sent.append(sent)

    def to(self, path: str, method: str = "", server: str = "") -> list[Sent]:
        """Requests to a path, or to any path beneath it where it ends in "/"."""
        return [
            sent
            for sent in list(self.sent)
            if (sent.path.startswith(path) if path.endswith("/") else sent.path == path)
            and method in ("", sent.method)
            and server in ("", sent.server)
        ]

    def one(self, path: str, method: str = "") -> Sent:
        """The only request to a path."""
        found = self.to(path, method)
        assert len(found) == 1, f"{len(found)} requests to {path}"
        return found[0]

    def last(self, path: str, method: str = "") -> Sent:
        """The last request to a path."""
        found = self.to(path, method)
        assert found, f"no request to {path}"
        return found[-1]

    def at(self, server: str) -> list[Sent]:
        """Requests to one server."""
        return [sent for sent in list(self.sent) if sent.server == server]


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a signed JWT, without any check."""
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        for part in token.split(".")[:2]
    )
    return header, claims
