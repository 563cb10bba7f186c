"""`/theme/<context>.css`: the look of the EHR that launched the page, from our own origin."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow

import structlog
from flask import Blueprint, Flask, Response, g, request

from app.contexts import ContextGone, LaunchContext
from app.cookies import session_cookie
from app.guard import PAGE
from app.headers import kept_by_browser
from app.memory import Memory
from app.parts import Parts
from app.theme import stylesheet
from smart.errors import EhrError
from smart.styles import fetch_style

PATIENCE_SECONDS = 1.5  # the page waits for its stylesheets
KEEP_SECONDS, MISSING_SECONDS = 86_400.0, 60.0
A_DAY = 86_400


def theme_routes(parts: Parts) -> Blueprint:
    """The stylesheet, for the browser of the launch only."""
    routes = Blueprint("theme", __name__)
    themes = _Themes(parts)

    @routes.get("/theme/<context>.css")
    def css(context: str) -> Response:
        session = parts.sessions.find(session_cookie(request)) or ""
        try:
            found = themes.css(parts.contexts.find(context, session))
        except ContextGone:
            return Response(status=404, mimetype="text/css")
        response = Response(found or "", mimetype="text/css")
        if found is not None and "v" in request.args:
            kept_by_browser(A_DAY)
        return response

    return routes


def link_theme(server: Flask, parts: Parts) -> None:
    """Have the pages of launches with a style of the EHR's link to it, after their own."""

    @server.after_request
    def link(response: Response) -> Response:
        found = PAGE.fullmatch(request.path)
        if found and response.status_code == 200 and response.mimetype == "text/html":
            tag = _link(parts, found["context"])
            page = response.get_data(as_text=True)
            response.set_data(page.replace("</head>", f"{tag}</head>", 1))
        return response


def _link(parts: Parts, identifier: str) -> str:
    """The address of a style is its version too (SMART App Launch 2.2)."""
    try:
        style_url = parts.contexts.find(identifier, g.session or "").facts.style_url
    except ContextGone:
        return ""
    version = hashlib.sha256(style_url.encode()).hexdigest()[:12]
    tag = f'<link rel="stylesheet" href="/theme/{identifier}.css?v={version}">'
    return tag if style_url else ""


class _Themes:
    """Stylesheets by the address of their style; fetched beside the request, which may not wait."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._memory = Memory()
        self._pool = ThreadPoolExecutor(4, "theme")

    def css(self, launched: LaunchContext) -> str | None:
        """The stylesheet; None where there is none, or not yet."""
        if not launched.facts.style_url:
            return None
        future: Future[str | None] = self._pool.submit(self._recall, launched)
        try:
            return future.result(PATIENCE_SECONDS)
        except TooSlow:
            return None

    def _recall(self, launched: LaunchContext) -> str | None:
        url = launched.facts.style_url
        return self._memory.recall(
            (launched.tenant, url),
            lambda: self._fetch(launched.tenant, url),
            lambda found: MISSING_SECONDS if found is None else KEEP_SECONDS,
        )

    def _fetch(self, tenant: str, url: str) -> str | None:
        try:
            return stylesheet(fetch_style(self._parts.ehrs[tenant], url))
        except EhrError as error:
            log = structlog.get_logger()
            log.warning("style left out", tenant=tenant, error=type(error).__name__)
            return None
