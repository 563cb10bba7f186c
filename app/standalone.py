"""Starting without an EHR around us: a page that names the hospitals, and the way to each."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, make_response, render_template

from app.headers import framed_by_nobody
from app.parts import Parts
from app.problems import NOT_FOUND, show
from app.sign_in import sign_in


def standalone_routes(parts: Parts) -> Blueprint:
    """`/start` and `/start/<tenant>`."""
    routes = Blueprint("standalone", __name__)
    offered = {tenant.id: tenant for tenant in parts.settings.tenants if tenant.standalone}
    named = sorted(offered.values(), key=lambda tenant: tenant.name.casefold())

    @routes.get("/start")
    def choose() -> Response:
        framed_by_nobody()
        return make_response(render_template("start.html", tenants=named, quote=quote))

    @routes.get("/start/<identifier>")
    def start(identifier: str) -> Response:
        tenant = offered.get(identifier)
        return sign_in(parts, tenant, launch=None) if tenant else show(NOT_FOUND)

    return routes
