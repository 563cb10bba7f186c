"""The simulators as one web application."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from flask import Flask

from sandbox.vendors.apps import App
from sandbox.vendors.google import data as google_data
from sandbox.vendors.google import errors as google_errors
from sandbox.vendors.google import oauth as google_oauth
from sandbox.vendors.google import subscribers
from sandbox.vendors.limits import Limiter
from sandbox.vendors.store import Store
from sandbox.vendors.withings import data as withings_data
from sandbox.vendors.withings import envelope
from sandbox.vendors.withings import notify as withings_notify
from sandbox.vendors.withings import oauth as withings_oauth
from sandbox.vendors.world import World


def open_world(
    data: Path,
    apps: Mapping[str, App],
    url: str,
    rate_scale: float = 1.0,
    pace: float = 1.0,
    clock: Callable[[], float] = time.time,
) -> World:
    """Open the simulated world kept in the folder `data`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    world = World(Store(data / "vendors.db"), apps, url, Limiter(rate_scale, clock), pace, clock)
    world.anchor()
    subscribers.save_from_apps_file(world)
    return world


def create_app(world: World) -> Flask:
    """Return the application that serves both vendors."""
    app = Flask("sandbox.vendors")
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    app.json.sort_keys = False  # type: ignore[attr-defined]  # sorting long lists costs seconds
    google_errors.register(app)
    envelope.register(app)
    for routes in (
        google_oauth.oauth_routes(world),
        google_data.data_routes(world),
        subscribers.subscriber_routes(world),
        withings_oauth.oauth_routes(world),
        withings_data.data_routes(world),
        withings_notify.notify_routes(world),
    ):
        app.register_blueprint(routes)

    @app.get("/")
    def index() -> str:
        return f"Simulated vendors: {world.url}/google-health and {world.url}/withings"

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
