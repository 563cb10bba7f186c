"""Subscribers: where Google sends notifications, and the proof that the address is the app's."""

from __future__ import annotations

import hmac
from typing import Any

import requests
from flask import Blueprint, Response, jsonify, request

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.google.errors import GoogleError, invalid
from sandbox.vendors.google.signing import keyset
from sandbox.vendors.google.types import TYPES
from sandbox.vendors.grants import bearer
from sandbox.vendors.http import AGENT, post
from sandbox.vendors.world import World

FROM_APPS_FILE = "from-apps-file"
WEBHOOK_TYPES = tuple(path for path, kind in TYPES.items() if kind.webhook)


def subscriber_routes(world: World) -> Blueprint:
    """Return the administrator's interface and the public key set."""
    routes = Blueprint("google_subscribers", __name__, url_prefix="/google-health")

    @routes.get("/keyset.json")
    def public_keys() -> Response:
        return jsonify(keyset(world.store))

    @routes.post("/v4/projects/<project>/subscribers")
    def create(project: str) -> Response:
        _administrator(world)
        identifier = request.args.get("subscriberId", "")
        if not 4 <= len(identifier) <= 36:
            raise invalid("subscriberId must have 4 to 36 characters")
        url, secret, kinds = _wanted(request.get_json(silent=True))
        if not endpoint_proven(url, secret):
            raise GoogleError(400, "FAILED_PRECONDITION", "Endpoint verification failed.")
        save(world, identifier, url, secret, kinds, verified=True)
        name = f"projects/{project}/operations/create-{identifier}"
        return jsonify({"name": name, "done": True})

    @routes.get("/v4/projects/<project>/subscribers")
    def list_all(project: str) -> Response:
        _administrator(world)
        rows = world.store.rows("SELECT * FROM subscribers WHERE verified = 1")
        return jsonify({"subscribers": [_shown(project, dict(row)) for row in rows]})

    @routes.delete("/v4/projects/<project>/subscribers/<identifier>")
    def delete(project: str, identifier: str) -> Response:
        _administrator(world)
        if not world.store.execute("DELETE FROM subscribers WHERE id = ?", identifier):
            raise GoogleError(404, "NOT_FOUND", f"No subscriber {identifier} in {project}")
        return jsonify({})

    return routes


def save(
    world: World, identifier: str, url: str, secret: str, kinds: tuple[str, ...], verified: bool
) -> None:
    """Remember a subscriber; the same one, already verified, stays so."""
    world.store.execute(
        "INSERT INTO subscribers VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " verified = excluded.verified OR (verified AND url = excluded.url AND"
        " secret = excluded.secret), url = excluded.url, secret = excluded.secret,"
        " kinds = excluded.kinds",
        *(identifier, url, secret, " ".join(kinds), verified),
    )


def save_from_apps_file(world: World) -> None:
    """Make the subscriber that the apps file asks for; it is verified once it answers."""
    app = world.apps.get(GOOGLE)
    if app is not None and app.webhook_url:
        save(world, FROM_APPS_FILE, app.webhook_url, app.webhook_secret, WEBHOOK_TYPES, False)


def verify_waiting(world: World) -> None:
    """Try the handshake with every subscriber that has not answered it yet."""
    for row in world.store.rows("SELECT * FROM subscribers WHERE verified = 0"):
        if endpoint_proven(row["url"], row["secret"]):
            world.store.execute("UPDATE subscribers SET verified = 1 WHERE id = ?", row["id"])


def endpoint_proven(url: str, secret: str) -> bool:
    """Tell whether the endpoint accepts the secret and refuses requests without it."""
    body = b'{"type":"verification"}'
    headers = {"Content-Type": "application/json", "User-Agent": AGENT}
    try:
        known = post(url, body, {**headers, "Authorization": secret}, seconds=5)
        unknown = post(url, body, headers, seconds=5)
    except requests.RequestException:
        return False
    return known in (200, 201) and unknown in (401, 403)


def _administrator(world: World) -> None:
    expected = world.apps[GOOGLE].admin_token
    given = bearer(request.headers.get("Authorization"))
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise GoogleError(403, "PERMISSION_DENIED", "The cloud-platform scope is required.")


def _wanted(body: Any) -> tuple[str, str, tuple[str, ...]]:
    try:
        kinds = tuple(kind for one in body["subscriberConfigs"] for kind in one["dataTypes"])
        url, secret = str(body["endpointUri"]), str(body["endpointAuthorization"]["secret"])
    except (KeyError, TypeError):
        raise invalid("endpointUri, subscriberConfigs and endpointAuthorization needed") from None
    if refused := sorted(set(kinds) - set(WEBHOOK_TYPES)):
        raise invalid(f"Not available by webhook: {', '.join(refused)}")
    return url, secret, kinds


def _shown(project: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"projects/{project}/subscribers/{row['id']}",
        "endpointUri": row["url"],
        "endpointAuthorization": {"secretSet": bool(row["secret"])},
        "subscriberConfigs": [
            {"dataTypes": row["kinds"].split(), "subscriptionCreatePolicy": "AUTOMATIC"}
        ],
    }
