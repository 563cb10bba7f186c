"""Withings' envelope: HTTP 200 always, the outcome in `status`."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request

from sandbox.vendors.apps import WITHINGS
from sandbox.vendors.grants import Grant, bearer, grant_of, token_row
from sandbox.vendors.world import World

PER_APP_PER_MINUTE = 120

AUTHENTICATION_FAILED = 401
NOT_AUTHORISED = 214
INVALID = 503
CALLBACK_REFUSED = 293
TOO_MANY = 601
NOT_IMPLEMENTED = 2554


class WithingsError(Exception):
    """Answered as a status other than 0."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}

    def response(self) -> Response:
        """Return the JSON answer."""
        answer = jsonify({"status": self.status, "body": {}, "error": self.message})
        answer.headers.update(self.headers)
        return answer


def register(app: Flask) -> None:
    """Answer every WithingsError in Withings' form."""
    app.register_error_handler(WithingsError, WithingsError.response)


def success(body: dict[str, Any]) -> Response:
    """Return a successful answer."""
    return jsonify({"status": 0, "body": body})


def allowed(world: World, scope: str) -> Grant:
    """Return whose token this is; raises WithingsError.

    First use of an access token retires the refresh token that it was obtained with.
    """
    row = token_row(world, WITHINGS, "access", bearer(request.headers.get("Authorization")))
    if row is None:
        text = "XRequestID: Not provided invalid_token: The access token provided is invalid"
        raise WithingsError(AUTHENTICATION_FAILED, text)
    if row["replaces"]:
        with world.store.transaction() as connection:
            connection.execute("DELETE FROM tokens WHERE token = ?", (row["replaces"],))
            connection.execute("UPDATE tokens SET replaces = '' WHERE token = ?", (row["token"],))
    count_request(world, row["client_id"])
    grant = grant_of(row)
    if scope and scope not in grant.scopes:
        raise WithingsError(NOT_AUTHORISED, "Insufficient scope")
    return grant


def count_request(world: World, client_id: str) -> None:
    """Count a request against the app's limit; raises WithingsError beyond it."""
    wait = world.limiter.spend(f"withings|{client_id}", PER_APP_PER_MINUTE)
    if wait is not None:
        raise WithingsError(TOO_MANY, "Too Many Request", world.limiter.retry_header(wait))


def number(name: str, default: int | None = None) -> int:
    """Return an integer parameter; raises WithingsError where it is missing or wrong."""
    text = request.values.get(name, "")
    if not text and default is not None:
        return default
    try:
        return int(text)
    except ValueError:
        raise WithingsError(INVALID, f"Invalid Params: {name}") from None


def chosen(available: dict[str, Any], always: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the members that `data_fields` asks for, and those that always come."""
    wanted = set(request.values.get("data_fields", "").split(",")) | set(always)
    return {name: value for name, value in available.items() if name in wanted}


def paged(rows: list[dict[str, Any]], member: str, size: int) -> dict[str, Any]:
    """Return one page of rows from `offset` on."""
    begin = number("offset", 0)
    end = begin + size
    return {member: rows[begin:end], "more": end < len(rows), "offset": min(end, len(rows))}
