"""Errors as the API tells them: application/problem+json (RFC 9457)."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from safeguards.strict_json import dumps

log = structlog.get_logger()


class Problem(Exception):
    """A request that cannot be answered; `detail` tells the caller why."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


def bad_request(detail: str) -> Problem:
    """The request itself is wrong."""
    return Problem(400, "Bad request", detail)


def register_problems(app: Flask) -> None:
    """Answer every error as a problem."""
    app.register_error_handler(Problem, lambda e: _answer(e.status, e.title, e.detail))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(OperationalError, _busy)
    app.register_error_handler(Exception, _unexpected)


def _http_problem(error: HTTPException) -> Response:
    return _answer(error.code or 500, error.name, error.description or error.name)


def _busy(error: OperationalError) -> Response:
    log.error("database not available", exc_info=error)
    answer = _answer(503, "Try again", "The store is busy; nothing was changed.")
    answer.headers["Retry-After"] = "1"
    return answer


def _unexpected(error: Exception) -> Response:
    """The edge of the process: a fault of ours must not show the caller its insides."""
    log.error("request failed", exc_info=error)
    return _answer(500, "Internal error", "Nothing was changed.")


def _answer(status: int, title: str, detail: str) -> Response:
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    answer = Response(dumps(document), status, mimetype="application/problem+json")
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="wristchart-api"'
    return answer
