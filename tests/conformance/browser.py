"""A scripted browser: cookies, redirects and forms as a browser handles them; every hop is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

MOST_HOPS = 12


class TooManyRedirects(Exception):
    """The redirects do not come to an end."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of the browser and its answer."""

    method: str
    url: str
    response: requests.Response

    @property
    def location(self) -> str:
        """Where the answer sends the browser, "" where it does not."""
        return self.response.headers.get("Location", "")

    @property
    def cookies_set(self) -> list[str]:
        """Every Set-Cookie header in full."""
        raw: Any = self.response.raw
        return list(raw.headers.getlist("Set-Cookie"))

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address the answer sends the browser to."""
        return dict(parse_qsl(urlsplit(self.location).query, keep_blank_values=True))


@dataclass
class Browser:
    """Keeps cookies by origin, Secure ones too: loopback counts as trustworthy in browsers."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    hops: list[Hop] = field(default_factory=list)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request, without following anything."""
        origin = origin_of(url)
        kept = "; ".join(f"{k}={v}" for k, v in self.cookies.get(origin, {}).items())
        headers = {"Accept": "text/html,*/*", **({"Cookie": kept} if kept else {})}
        headers |= options.pop("headers", {})
        response = requests.request(
            method, url, headers=headers, allow_redirects=False, timeout=30, **options
        )
        hop = Hop(method, url, response)
        self.hops.append(hop)
        for line in hop.cookies_set:
            self._keep(origin, line)
        return response

    def get(self, url: str, **options: Any) -> requests.Response:
        """Send one GET."""
        return self.request("GET", url, **options)

    def visit(self, url: str, *, until: str = "") -> requests.Response:
        """Open an address and go wherever it leads, stopping before an address with `until`."""
        return self._follow(self.get(url), until)

    def submit(
        self, page: requests.Response, *, until: str = "", **filled: str
    ) -> requests.Response:
        """Submit the first form of a page with its own fields and those filled in."""
        form = Form.of(page)
        fields = {**form.fields, **filled}
        origin = {"Origin": origin_of(page.url)}
        if form.method == "POST":
            return self._follow(self.request("POST", form.url, data=fields, headers=origin), until)
        return self._follow(self.get(f"{form.url}?{urlencode(fields)}"), until)

    def stored(self) -> str:
        """Everything the browser keeps, as one text."""
        return repr(self.cookies)

    def seen(self) -> str:
        """Everything the browser was sent and has in its address bar, as one text."""
        return "\n".join(
            f"{hop.url}\n{dict(hop.response.headers)}\n{hop.response.text}" for hop in self.hops
        )

    def _follow(self, response: requests.Response, until: str) -> requests.Response:
        for _ in range(MOST_HOPS):
            location = response.headers.get("Location")
            if response.status_code not in {301, 302, 303, 307, 308} or not location:
                if _submits_itself(response):
                    return self.submit(response, until=until)
                return response
            url = urljoin(response.url, location)
            if until and until in url:
                return response
            response = self.get(url)
        raise TooManyRedirects(response.url)

    def _keep(self, origin: str, line: str) -> None:
        pair, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = pair.partition("=")
        ended = any(each.lower() == "max-age=0" for each in attributes)
        jar = self.cookies.setdefault(origin, {})
        if ended or not value:
            jar.pop(name, None)
        else:
            jar[name] = value


@dataclass
class Form(HTMLParser):
    """The first form of a page."""

    base: str
    method: str = ""
    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def of(cls, page: requests.Response) -> Form:
        """Read a page."""
        form = cls(page.url)
        form.feed(page.text)
        assert form.method, "the page has no form"
        return form

    @property
    def url(self) -> str:
        """Where the form is sent."""
        return urljoin(self.base, self.action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.method:
            self.method = known.get("method", "get").upper()
            self.action = known.get("action", "")
        if tag in {"input", "button"} and self.method and "name" in known:
            self.fields.setdefault(known["name"], known.get("value", ""))


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _submits_itself(page: requests.Response) -> bool:
    """Whether a page is an authorization request by POST, waiting for its script to send it."""
    return page.status_code == 200 and 'name="code_challenge"' in page.text
