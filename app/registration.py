"""The registration page: every value an EHR's form asks for. Public values only, nobody's data."""

from __future__ import annotations

import json

from flask import Blueprint, Response, g, make_response, render_template

from app.parts import Parts
from app.registration_values import addresses, load, systems
from config.origins import is_loopback


def registration_routes(parts: Parts) -> Blueprint:
    """`/register`."""
    routes = Blueprint("registration", __name__)

    @routes.get("/register")
    def page() -> Response:
        g.frame_ancestors = ()  # it is read beside the EHR's form, never inside an EHR
        return make_response(render_template("register.html", **_content(parts)))

    return routes


def _content(parts: Parts) -> dict[str, object]:
    web = parts.settings.web.url
    jwks = parts.keys.public_jwks()
    return {
        "site": addresses(web),
        "systems": systems(web),
        "reads": load().reads,
        "does": load().does,
        "kids": [(key["kid"], key.get("alg", key["kty"])) for key in jwks["keys"]],
        "jwks": json.dumps(jwks, indent=2),
        "unreachable": is_loopback(web),
    }
