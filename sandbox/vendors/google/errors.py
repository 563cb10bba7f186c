"""Errors in the form of google.rpc.Status."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify

_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class GoogleError(Exception):
    """Answered as google.rpc.Status."""

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        reason: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message
        self.reason, self.headers = reason, headers or {}

    def response(self) -> Response:
        """Return the JSON answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.reason:
            detail = {"@type": _INFO, "reason": self.reason, "domain": "googleapis.com"}
            error["details"] = [detail]
        answer = jsonify({"error": error})
        answer.status_code = self.code
        answer.headers.update(self.headers)
        return answer


def invalid(message: str) -> GoogleError:
    """Return the error for an argument the caller must change."""
    return GoogleError(400, "INVALID_ARGUMENT", message)


def register(app: Flask) -> None:
    """Answer every GoogleError in Google's form."""
    app.register_error_handler(GoogleError, GoogleError.response)
