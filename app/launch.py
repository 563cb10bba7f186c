"""Where the EHR opens the app: the launch page, and the way to the EHR's sign-in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, render_template_string, request

from app.cookies import PROBE, session_cookie, set_cookie, set_session
from app.headers import framed_by
from app.parts import Parts
from app.pending import LIFETIME, browser_cookie
from app.problems import BAD_LAUNCH, UNKNOWN_ISSUER, problem_for, show
from app.store import SECOND, new_secret
from config.settings import Tenant
from smart.authorization import authorization_url, new_attempt
from smart.errors import EhrError

LONGEST_LAUNCH = 8_192


class BadLaunch(Exception):
    """A parameter is missing, given twice or too long."""


def launch_routes(parts: Parts) -> Blueprint:
    """`/launch.html`, `/launch` and the probe that the launch page uses."""
    routes = Blueprint("launch", __name__)
    template = launch_page().read_text("utf-8")

    @routes.get("/launch.html")
    def page() -> Response:
        try:
            issuer, launch = _parameters()
        except BadLaunch as error:
            return show(BAD_LAUNCH, reason=str(error))
        tenant = parts.settings.tenant_for_issuer(issuer)
        if tenant is None:
            return _unknown(parts, issuer)
        framed_by(tenant)
        query = urlencode({"iss": issuer, "launch": launch})
        kept = PROBE in request.cookies
        response = Response(render_template_string(template, query=query, kept=kept))
        set_cookie(response, PROBE, "1", seconds=LIFETIME // SECOND)
        return response

    @routes.get("/launch/probe")
    def probe() -> Response:
        return jsonify(kept=PROBE in request.cookies)

    @routes.get("/launch")
    def start() -> Response:
        try:
            issuer, launch = _parameters()
        except BadLaunch as error:
            return show(BAD_LAUNCH, reason=str(error))
        tenant = parts.settings.tenant_for_issuer(issuer)
        if tenant is None:
            return _unknown(parts, issuer)
        framed_by(tenant)
        try:
            return _to_the_ehr(parts, tenant, launch)
        except EhrError as error:
            return show(problem_for(error), reason=str(error))

    return routes


def launch_page() -> Path:
    """The launch page: at the root of a checkout, beside this module in an installation."""
    here = Path(__file__).with_name("launch.html")
    return here if here.exists() else Path(__file__).parents[1] / "launch.html"


def _parameters() -> tuple[str, str]:
    """`iss` and `launch`, each exactly once."""
    values = [request.args.getlist(name) for name in ("iss", "launch")]
    if any(len(value) != 1 or not 0 < len(value[0]) <= LONGEST_LAUNCH for value in values):
        raise BadLaunch("iss and launch are needed, once each")
    return values[0][0], values[1][0]


def _unknown(parts: Parts, issuer: str) -> Response:
    parts.audit("", "", "launch.refused", "issuer", issuer=issuer[:200])
    return show(UNKNOWN_ISSUER, detail=issuer[:200], reason="issuer not in the registry")


def _to_the_ehr(parts: Parts, tenant: Tenant, launch: str) -> Response:
    attempt, browser = new_attempt(), new_secret()
    url = authorization_url(
        parts.ehrs[tenant.id], attempt, redirect_uri=parts.redirect_uri, launch=launch
    )
    parts.pending.keep(tenant.id, attempt, browser)
    response = Response(status=302, headers={"Location": url})
    set_cookie(response, browser_cookie(attempt.state), browser, seconds=LIFETIME // SECOND)
    session = parts.sessions.begin(session_cookie(request))
    if session.cookie is not None:
        set_session(response, session.cookie)
    return response
