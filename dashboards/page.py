"""The page as a Dash application on somebody else's Flask server."""

import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from dash import Dash, set_props
from flask import Flask, Response, request

from dashboards import words
from dashboards.callbacks import register
from dashboards.desk import Desk
from dashboards.layout import page
from dashboards.recent import Recent
from dashboards.services import LaunchExpired, Services

PREFIX = "/c/"
CSRF_COOKIE = "__Host-csrf"
CSRF_HEADER = "X-CSRFToken"

_ASSETS = Path(__file__).parent / "assets"
_VERSIONED = "plotly-basic-"
_YEAR = "public, max-age=31536000, immutable"
_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
_ENDED = "This session has ended. Reopen the app from the chart."
_FAILED = "Something went wrong. Nothing was saved. Reload the page to try again."

log = structlog.get_logger(__name__)


def build(server: Flask, services: Services, clock: Callable[[], datetime] = words.utc_now) -> Dash:
    """Mount the page; see `dashboards.mount`."""
    options: Any = {"server": server, "update_title": None}  # Dash types neither of them right
    app = Dash(
        "dashboards",
        **options,
        url_base_pathname=PREFIX,
        assets_folder=str(_ASSETS),
        serve_locally=True,
        title="Wristchart",
        index_string=_INDEX,
        on_error=_show_problem,
        csrf_token_name=CSRF_COOKIE,
        csrf_header_name=CSRF_HEADER,
        enable_mcp=False,
        add_log_handler=False,
    )
    app.layout = page()
    register(app, Desk(services, Recent(services), clock))
    server.after_request(_keep_versioned_assets)
    return app


def _show_problem(error: Exception) -> None:
    """Say on the page what to do; an unexpected error is logged, a closed launch is not one."""
    if isinstance(error, LaunchExpired):
        for name in ("interval", "slow-interval"):
            set_props(name, {"disabled": True})
        set_props("notice", {"children": _ENDED})
        return
    # Neither the message nor local variables: both may hold what the patient takes.
    where = traceback.format_tb(error.__traceback__)
    log.error("callback failed", error=type(error).__name__, where=where)
    set_props("notice", {"children": _FAILED})


def _keep_versioned_assets(response: Response) -> Any:
    """A file with its version in the name never changes: the browser may keep it."""
    if response.status_code == 200 and f"/assets/{_VERSIONED}" in request.path:
        response.headers["Cache-Control"] = _YEAR
    return response
