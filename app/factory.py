"""The web application, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import structlog
from dash.exceptions import DependencyException
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from app.callback import callback_routes
from app.compression import compress
from app.deliveries import deliveries_routes
from app.guard import guard
from app.headers import protect
from app.identifying import identifying_routes
from app.launch import launch_routes
from app.parts import Parts
from app.problems import BROKEN, FORBIDDEN, NOT_FOUND, show
from app.public import public_routes
from app.registration import registration_routes
from app.services import LaunchedServices
from app.sign_out import sign_out_routes
from app.standalone import standalone_routes
from app.theme_routes import link_theme, theme_routes
from dashboards import mount

LARGEST_REQUEST = 1_000_000
STATIC = Path(__file__).with_name("static")


def create_app(parts: Parts) -> Flask:
    """The application for one site. It sends nothing anywhere until a request asks for it."""
    server = Flask("app", root_path=str(Path(__file__).parent))
    server.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, DEBUG=False)
    server.jinja_env.globals["versioned"] = versioned
    for routes in (
        launch_routes,
        standalone_routes,
        identifying_routes,
        callback_routes,
        sign_out_routes,
        public_routes,
        registration_routes,
        deliveries_routes,
        theme_routes,
    ):
        server.register_blueprint(routes(parts))
    compress(server)
    guard(server, parts, own=frozenset(server.view_functions))
    link_theme(server, parts)
    page = mount(server, LaunchedServices.over(parts))
    protect(server, parts.settings, page.csp_hashes())
    _show_errors(server)
    return server


@cache
def versioned(name: str) -> str:
    """The address of a static file, with a version so that it may be kept for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _show_errors(server: Flask) -> None:
    answers: dict[int, Callable[[], Response]] = {
        403: lambda: show(FORBIDDEN),
        404: lambda: show(NOT_FOUND),
    }

    @server.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response | HTTPException:
        answer = answers.get(error.code or 500)
        return answer() if answer else error

    @server.errorhandler(DependencyException)
    def no_such_file(_: DependencyException) -> Response:
        return show(NOT_FOUND)

    @server.errorhandler(Exception)
    def broken(error: Exception) -> Response:  # the process edge: nothing inside may leak out
        structlog.get_logger().error("request failed", exc_info=error)
        return show(BROKEN)
