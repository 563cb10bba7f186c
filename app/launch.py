"""Where the EHR opens the app: the launch page, and the way to the EHR's sign-in."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from app.cookies import PROBE
from app.frame_page import frame_page, with_probe
from app.headers import framed_by
from app.parts import Parts
from app.problems import BAD_LAUNCH, UNKNOWN_ISSUER, show
from app.sign_in import sign_in

LONGEST_LAUNCH = 8_192


class BadLaunch(Exception):
    """A parameter is missing, given twice or too long."""


def launch_routes(parts: Parts) -> Blueprint:
    """`/launch.html`, `/launch` and the probe that the launch page uses."""
    routes = Blueprint("launch", __name__)

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
        return frame_page(parts, way_on=f"/launch?{query}", own_window=f"/launch.html?{query}")

    @routes.get("/launch/probe")
    def probe() -> Response:
        return with_probe(jsonify(kept=PROBE in request.cookies))

    @routes.get("/launch")
    def start() -> Response:
        try:
            issuer, launch = _parameters()
        except BadLaunch as error:
            return show(BAD_LAUNCH, reason=str(error))
        tenant = parts.settings.tenant_for_issuer(issuer)
        if tenant is None:
            return _unknown(parts, issuer)
        return sign_in(parts, tenant, launch)

    return routes


def _parameters() -> tuple[str, str]:
    """`iss` and `launch`, each exactly once."""
    values = [request.args.getlist(name) for name in ("iss", "launch")]
    if any(len(value) != 1 or not 0 < len(value[0]) <= LONGEST_LAUNCH for value in values):
        raise BadLaunch("iss and launch are needed, once each")
    return values[0][0], values[1][0]


def _unknown(parts: Parts, issuer: str) -> Response:
    parts.audit("", "", "launch.refused", "issuer", issuer=issuer[:200])
    return show(UNKNOWN_ISSUER, detail=issuer[:200], reason="issuer not in the registry")
