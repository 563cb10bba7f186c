"""Withings' authorization page and token endpoint."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Blueprint, Response, request

from sandbox.vendors.apps import WITHINGS
from sandbox.vendors.consent import back_to_app, consent_page, refusal
from sandbox.vendors.grants import (
    Grant,
    end_grant,
    grant_of,
    joined,
    new_code,
    new_token,
    redeem_code,
    token_row,
)
from sandbox.vendors.links import account_linked
from sandbox.vendors.withings.envelope import INVALID, WithingsError, success
from sandbox.vendors.world import ACCOUNTS, World

SCOPES = ("user.info", "user.metrics", "user.activity", "user.sleepevents")
ACCESS_SECONDS = 3 * 3600
REFRESH_SECONDS = 365 * 86400
GRACE_SECONDS = 8 * 3600
CODE_SECONDS = 30
NONCE_SECONDS = 30 * 60


def oauth_routes(world: World) -> Blueprint:
    """Return the OAuth endpoints."""
    routes = Blueprint("withings_oauth", __name__, url_prefix="/withings")

    @routes.get("/oauth2_user/authorize2")
    def ask() -> Response | str:
        problem = _request_problem(world)
        users = list(ACCOUNTS[WITHINGS])
        return problem or consent_page("Withings", request.args["client_id"], users, _asked())

    @routes.post("/oauth2_user/authorize2")
    def decide() -> Response:
        return _request_problem(world) or _decision(world)

    @routes.post("/v2/oauth2")
    def token() -> Response:
        action = request.form.get("action")
        _check_client(world, str(action))
        if action == "requesttoken":
            return success(_tokens(world))
        if action == "revoke":
            return success(_revoke(world))
        raise WithingsError(INVALID, "Invalid Params: action")

    @routes.post("/v2/signature")
    def signature() -> Response:
        _check_signature(world, "getnonce", "timestamp")
        if abs(world.clock() - float(request.form["timestamp"])) > 300:
            raise WithingsError(INVALID, "Invalid Params: timestamp")
        nonce = secrets.token_hex(20)
        expires = world.clock() + NONCE_SECONDS
        world.store.execute("INSERT INTO nonces VALUES (?, ?)", nonce, expires)
        return success({"nonce": nonce})

    return routes


def _asked() -> list[str]:
    return [scope for scope in request.args.get("scope", "").split(",") if scope]


def _request_problem(world: World) -> Response | None:
    app = world.apps[WITHINGS]
    if request.args.get("client_id") != app.client_id:
        return refusal("invalid client_id")
    redirect_uri = request.args.get("redirect_uri", "")
    if redirect_uri not in app.redirect_uris:
        return refusal("redirect_uri mismatch")
    known = bool(_asked()) and set(_asked()) <= set(SCOPES)
    if request.args.get("response_type") != "code" or not request.args.get("state") or not known:
        return refusal("invalid_params")
    return None


def _decision(world: World) -> Response:
    redirect_uri, state = request.args["redirect_uri"], request.args["state"]
    user = request.form.get("user", "")
    if "approve" not in request.form:
        return back_to_app(redirect_uri, {"error": "access_denied", "state": state})
    if user not in ACCOUNTS[WITHINGS]:
        return refusal("Choose an account")
    scope = joined(_asked(), request.form.getlist("scope") or _asked(), ",")
    grant = Grant(WITHINGS, request.args["client_id"], user, scope, secrets.token_hex(8))
    code = new_code(world, grant, redirect_uri, CODE_SECONDS, "", True)
    return back_to_app(redirect_uri, {"code": code, "state": state})


def _check_client(world: World, action: str) -> None:
    """Accept the client by its secret, or by a signature over a nonce."""
    if "signature" in request.form:
        _check_signature(world, action, "nonce")
        used = world.store.execute(
            "DELETE FROM nonces WHERE nonce = ? AND expires > ?",
            *(request.form.get("nonce", ""), world.clock()),
        )
        if not used:
            raise WithingsError(INVALID, "Invalid Params: nonce")
        return
    app = world.apps[WITHINGS]
    given = request.form.get("client_secret", "")
    named = request.form.get("client_id") == app.client_id
    if not (named and hmac.compare_digest(given.encode(), app.client_secret.encode())):
        raise WithingsError(INVALID, "Invalid Params: invalid client")


def _check_signature(world: World, action: str, fresh: str) -> None:
    """Check HMAC-SHA256 over action, client id and nonce or timestamp, by name, comma-joined."""
    app = world.apps[WITHINGS]
    values = {"action": action, "client_id": app.client_id, fresh: request.form.get(fresh, "")}
    message = ",".join(values[name] for name in sorted(values))
    expected = hmac.new(app.client_secret.encode(), message.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), request.form.get("signature", "").encode()):
        raise WithingsError(INVALID, "Invalid Params: signature")


def _tokens(world: World) -> dict[str, object]:
    kind = request.form.get("grant_type")
    if kind == "authorization_code":
        return _from_code(world)
    if kind == "refresh_token":
        return _from_refresh(world)
    raise WithingsError(INVALID, "Invalid Params: grant_type")


def _from_code(world: World) -> dict[str, object]:
    code = request.form.get("code", "")
    row = redeem_code(world, WITHINGS, world.apps[WITHINGS].client_id, code)
    if row is None or row["redirect_uri"] != request.form.get("redirect_uri"):
        raise WithingsError(INVALID, "Invalid Params: invalid code")
    grant = grant_of(row)
    account_linked(world, grant.user)
    return _answer(world, grant, "")


def _from_refresh(world: World) -> dict[str, object]:
    old = request.form.get("refresh_token", "")
    row = token_row(world, WITHINGS, "refresh", old)
    if row is None:
        raise WithingsError(INVALID, "Invalid Params: invalid refresh_token")
    world.store.execute(
        "UPDATE tokens SET expires = min(expires, ?) WHERE token = ?",
        *(world.clock() + GRACE_SECONDS, old),
    )
    return _answer(world, grant_of(row), old)


def _answer(world: World, grant: Grant, replaces: str) -> dict[str, object]:
    return {
        "userid": ACCOUNTS[WITHINGS][grant.user],
        "access_token": new_token(world, grant, "access", ACCESS_SECONDS, replaces),
        "refresh_token": new_token(world, grant, "refresh", REFRESH_SECONDS),
        "expires_in": ACCESS_SECONDS,
        "scope": grant.scope,
        "csrf_token": secrets.token_hex(16),
        "token_type": "Bearer",
    }


def _revoke(world: World) -> dict[str, object]:
    """End every grant of a user, and their notifications with it."""
    users = {account: user for user, account in ACCOUNTS[WITHINGS].items()}
    user = users.get(request.form.get("userid", ""))
    if user is None:
        raise WithingsError(INVALID, "Invalid Params: userid")
    for row in world.store.rows("SELECT DISTINCT grant_id FROM tokens WHERE user = ?", user):
        end_grant(world, row["grant_id"])
    world.store.execute("DELETE FROM subscriptions WHERE user = ?", user)
    return {}
