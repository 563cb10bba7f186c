"""The simulators over real HTTP, with a clock that a test can move, and an app that listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask, Response, request
from werkzeug.serving import make_server

from config.settings import VendorApp
from safeguards.egress import Egress
from sandbox.vendors.apps import apps_of
from sandbox.vendors.server import create_app, open_world
from sandbox.vendors.world import World
from wearable_agg.vendors.protocol import Tokens, Vendor
from wearable_agg.vendors.registry import VENDORS

REDIRECT = "http://127.0.0.1:9/link/callback"
SECRET = "made-up-webhook-secret"


@dataclass
class Clock:
    """Real time, and however much a test adds to it; or an instant at which it stands still."""

    ahead: float = 0.0
    stopped_at: float | None = None

    def __call__(self) -> float:
        return time.time() + self.ahead if self.stopped_at is None else self.stopped_at

    def stop(self, window_seconds: float) -> None:
        """Stand still at the beginning of a rate-limit window."""
        self.stopped_at = time.time() // window_seconds * window_seconds


@dataclass
class Listener:
    """An app's webhook: keeps what it is sent and answers what the test says."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[str, dict[str, str], bytes], int] = lambda method, headers, raw: 200


@dataclass
class Simulators:
    """Both vendors, running."""

    url: str
    world: World
    clock: Clock
    http: Egress

    def app(self, vendor: str) -> VendorApp:
        """Return our registration with a vendor."""
        base = f"{self.url}/{vendor.replace('_', '-')}"
        google = vendor == "google_health"
        return VendorApp(
            vendor=vendor,
            client_id="wristchart",
            client_secret="made-up",
            authorize_url=f"{base}/{'o/oauth2/v2/auth' if google else 'oauth2_user/authorize2'}",
            token_url=f"{base}/{'token' if google else 'v2/oauth2'}",
            api_url=base,
            revoke_url=f"{base}/{'revoke' if google else 'v2/oauth2'}",
            redirect_uri=REDIRECT,
            webhook_secret=SECRET,
            keyset_url=f"{base}/keyset.json",
        )

    def code(self, vendor: str, user: str, **form: object) -> str:
        """Let a person approve on the consent page; return the code their browser brings back."""
        url = VENDORS[vendor].authorize_url(self.app(vendor), "some-state")
        answer = requests.post(
            url, data={"user": user, "approve": "1", **form}, allow_redirects=False, timeout=5
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def link(self, vendor: str, user: str, **form: object) -> Tokens:
        """Link a person's account."""
        return VENDORS[vendor].exchange(
            self.http, self.app(vendor), self.code(vendor, user, **form)
        )


@pytest.fixture
def simulators(tmp_path: Path) -> Iterator[Simulators]:
    """Both vendors on a free port; rate-limit windows last a tenth of a second."""
    clock = Clock()
    entry = {"client_id": "wristchart", "client_secret": "made-up", "redirect_uris": [REDIRECT]}
    apps = apps_of(
        {"google_health": {**entry, "admin_token": "administrator"}, "withings": dict(entry)}
    )
    world = open_world(tmp_path, apps, "", rate_scale=600, clock=clock)
    with served(create_app(world)) as url:
        world.url = url
        yield Simulators(url, world, clock, Egress([url]))
    world.store.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """An app's webhook endpoint."""
    heard = Listener()
    app = Flask("listener")

    @app.route("/hook", methods=["GET", "HEAD", "POST"])
    def hook() -> Response:
        headers, raw = dict(request.headers), request.get_data()
        if request.method == "POST":
            heard.received.append((headers, raw))
        return Response(status=heard.answer(request.method, headers, raw))

    with served(app) as url:
        heard.url = f"{url}/hook"
        yield heard


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on a free port in a thread; yields its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def google() -> Vendor:
    """Google Health."""
    return VENDORS["google_health"]


@pytest.fixture
def withings() -> Vendor:
    """Withings."""
    return VENDORS["withings"]
