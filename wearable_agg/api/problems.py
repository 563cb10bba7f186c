"""Errors as the API tells them: application/problem+json (RFC 9457), a type for each kind."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from safeguards.strict_json import dumps

MEDIA_TYPE = "application/problem+json"
NAMESPACE = "urn:wristchart:problem:"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: programs tell them apart by `name`, which never changes."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The problem's `type` as callers see it."""
        return NAMESPACE + self.name


BAD_REQUEST = Kind("bad-request", 400, "Bad request")
NOT_AUTHENTIC = Kind("not-authentic", 401, "Not authentic")
NOT_ALLOWED = Kind("not-allowed", 403, "Not allowed")
NO_CONSENT = Kind("no-consent", 403, "No consent")
NOT_FOUND = Kind("not-found", 404, "Not found")
STALE = Kind("stale", 409, "Stale")
IN_FLIGHT = Kind("in-flight", 409, "In flight")
TOO_LARGE = Kind("too-large", 413, "Too large")
KEY_REUSED = Kind("key-reused", 422, "Idempotency-Key used before")
TOO_MANY = Kind("too-many", 429, "Too many requests")
INTERNAL = Kind("internal", 500, "Internal error")
TRY_AGAIN = Kind("try-again", 503, "Try again")

KINDS = (
    BAD_REQUEST,
    NOT_AUTHENTIC,
    NOT_ALLOWED,
    NO_CONSENT,
    NOT_FOUND,
    STALE,
    IN_FLIGHT,
    TOO_LARGE,
    KEY_REUSED,
    TOO_MANY,
    INTERNAL,
    TRY_AGAIN,
)
_BY_STATUS = {kind.status: kind for kind in (BAD_REQUEST, NOT_FOUND, TOO_LARGE, TRY_AGAIN)}
_RETRY_SECONDS = {IN_FLIGHT: "1", TOO_MANY: "60", TRY_AGAIN: "1"}


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """What went wrong: `type` is for programs, `detail` for people."""

    type: str
    title: str
    status: int
    detail: str


class Problem(Exception):
    """A request that cannot be answered; `detail` tells the caller why."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


def bad_request(detail: str) -> Problem:
    """The request itself is wrong."""
    return Problem(BAD_REQUEST, detail)


def register_problems(app: Flask) -> None:
    """Answer every error as a problem."""
    app.register_error_handler(Problem, lambda error: _answer(error.kind, error.detail))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _unexpected)


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    kind = _BY_STATUS.get(status) or Kind(f"http-{status}", status, error.name)
    answer = _answer(kind, error.description or error.name)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _busy(error: OperationalError) -> Response:
    log.error("database not available", exc_info=error)
    return _answer(TRY_AGAIN, "The store is busy; nothing was changed.")


def _unexpected(error: Exception) -> Response:
    """The edge of the process: a fault of ours must not show the caller its insides."""
    log.error("request failed", exc_info=error)
    return _answer(INTERNAL, "Nothing was changed.")


def _answer(kind: Kind, detail: str) -> Response:
    document = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail}
    answer = Response(dumps(document), kind.status, mimetype=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    if kind is NOT_AUTHENTIC:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="wristchart-api"'
    if kind in _RETRY_SECONDS:
        answer.headers["Retry-After"] = _RETRY_SECONDS[kind]
    return answer
