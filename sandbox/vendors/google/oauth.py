"""Google's authorization page, token endpoint and revocation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import sqlite3

from flask import Blueprint, Response, jsonify, request

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.consent import back_to_app, consent_page, refusal
from sandbox.vendors.google.scopes import READABLE
from sandbox.vendors.grants import (
    Grant,
    end_grant,
    grant_of,
    joined,
    linked_users,
    new_code,
    new_token,
    redeem_code,
    token_row,
)
from sandbox.vendors.links import account_linked
from sandbox.vendors.world import ACCOUNTS, World

ACCESS_SECONDS = 3599
REFRESH_SECONDS = 180 * 86400
CODE_SECONDS = 600


def oauth_routes(world: World) -> Blueprint:
    """Return the OAuth endpoints."""
    routes = Blueprint("google_oauth", __name__, url_prefix="/google-health")

    @routes.get("/o/oauth2/v2/auth")
    def ask() -> Response | str:
        problem = _request_problem(world)
        return problem or consent_page(
            "Google Health", request.args["client_id"], list(ACCOUNTS[GOOGLE]), _asked()
        )

    @routes.post("/o/oauth2/v2/auth")
    def decide() -> Response:
        return _request_problem(world) or _decision(world)

    @routes.post("/token")
    def token() -> Response:
        if not _client_authentic(world):
            return _error("invalid_client", 401)
        if request.form.get("grant_type") == "authorization_code":
            return _from_code(world)
        if request.form.get("grant_type") == "refresh_token":
            return _from_refresh(world)
        return _error("unsupported_grant_type")

    @routes.post("/revoke")
    def revoke() -> Response:
        token = request.values.get("token", "")
        for kind in ("access", "refresh"):
            if row := token_row(world, GOOGLE, kind, token):
                end_grant(world, row["grant_id"])
                return jsonify({})
        return _error("invalid_token")

    return routes


def _asked() -> list[str]:
    return request.args.get("scope", "").split()


def _request_problem(world: World) -> Response | None:
    """Return the refusal of an authorization request, None where it is in order."""
    app = world.apps[GOOGLE]
    redirect_uri = request.args.get("redirect_uri", "")
    if request.args.get("client_id") != app.client_id:
        return refusal("Error 401: invalid_client")
    if redirect_uri not in app.redirect_uris:
        return refusal("Error 400: redirect_uri_mismatch")
    unknown = [scope for scope in _asked() if scope not in READABLE]
    if request.args.get("response_type") != "code" or not _asked() or unknown:
        error = "invalid_scope" if unknown or not _asked() else "unsupported_response_type"
        return back_to_app(redirect_uri, {"error": error, "state": request.args.get("state", "")})
    if request.args.get("code_challenge_method", "S256") != "S256":
        return back_to_app(redirect_uri, {"error": "invalid_request"})
    return None


def _decision(world: World) -> Response:
    redirect_uri, state = request.args["redirect_uri"], request.args.get("state", "")
    user = request.form.get("user", "")
    if "approve" not in request.form:
        return back_to_app(redirect_uri, {"error": "access_denied", "state": state})
    if user not in ACCOUNTS[GOOGLE]:
        return refusal("Choose an account")
    scope = joined(_asked(), request.form.getlist("scope") or _asked(), " ")
    grant = Grant(GOOGLE, request.args["client_id"], user, scope, secrets.token_hex(8))
    first = user not in linked_users(world, GOOGLE)
    offline = request.args.get("access_type") == "offline"
    code = new_code(
        world,
        grant,
        redirect_uri,
        CODE_SECONDS,
        request.args.get("code_challenge", ""),
        offline and (first or request.args.get("prompt") == "consent"),
    )
    return back_to_app(redirect_uri, {"state": state, "code": code, "scope": scope})


def _client_authentic(world: World) -> bool:
    app = world.apps[GOOGLE]
    given = request.authorization
    basic = given if given is not None and given.type == "basic" else None
    client = basic.username if basic else request.form.get("client_id", "")
    secret = basic.password if basic else request.form.get("client_secret", "")
    return client == app.client_id and hmac.compare_digest(secret or "", app.client_secret)


def _from_code(world: World) -> Response:
    code = request.form.get("code", "")
    row = redeem_code(world, GOOGLE, world.apps[GOOGLE].client_id, code)
    if row is None or row["redirect_uri"] != request.form.get("redirect_uri"):
        return _error("invalid_grant")
    if not _challenge_met(row):
        return _error("invalid_grant")
    grant = grant_of(row)
    answer = _token_answer(world, grant)
    if row["offline"]:
        answer["refresh_token"] = new_token(world, grant, "refresh", REFRESH_SECONDS)
    account_linked(world, grant.user)
    return jsonify(answer)


def _challenge_met(row: sqlite3.Row) -> bool:
    if not row["challenge"]:
        return True
    digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    return hmac.compare_digest(
        base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), str(row["challenge"])
    )


def _from_refresh(world: World) -> Response:
    row = token_row(world, GOOGLE, "refresh", request.form.get("refresh_token", ""))
    if row is None:
        return _error("invalid_grant")
    return jsonify(_token_answer(world, grant_of(row)))


def _token_answer(world: World, grant: Grant) -> dict[str, object]:
    return {
        "access_token": new_token(world, grant, "access", ACCESS_SECONDS),
        "expires_in": ACCESS_SECONDS,
        "scope": grant.scope,
        "token_type": "Bearer",
    }


def _error(code: str, status: int = 400) -> Response:
    answer = jsonify({"error": code, "error_description": "Refused by the simulator."})
    answer.status_code = status
    return answer
