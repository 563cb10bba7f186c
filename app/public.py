"""What anybody may read: the public keys of this client, and that it is alive."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.parts import Parts


def public_routes(parts: Parts) -> Blueprint:
    """`/.well-known/jwks.json` and `/healthz`."""
    routes = Blueprint("public", __name__)

    @routes.get("/.well-known/jwks.json")
    def keys() -> Response:
        return jsonify(parts.keys.public_jwks())

    @routes.get("/healthz")
    def health() -> Response:
        return jsonify(status="ok")

    return routes
