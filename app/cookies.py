"""The cookies of a page that lives in another site's frame.

Measured in Chromium with third-party cookies blocked: only SameSite=None; Secure; Partitioned
cookies (CHIPS) come back in a cross-site frame, and over http on loopback too.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Request, Response

SESSION = "__Host-session"
CSRF = "__Host-csrf"
CSRF_HEADER = "X-CSRFToken"
PROBE = "__Host-probe"


def set_cookie(
    response: Response, name: str, value: str, *, readable: bool = False, seconds: int | None = None
) -> None:
    """Set a cookie that survives in a cross-site frame; `readable` by scripts only where asked."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        secure=True,
        httponly=not readable,
        samesite="None",
        partitioned=True,
    )


def drop_cookie(response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    set_cookie(response, name, "", seconds=0)


def set_session(response: Response, cookie: str) -> None:
    """Give the browser its session and the CSRF token that belongs to it."""
    set_cookie(response, SESSION, cookie)
    set_cookie(response, CSRF, csrf_token(cookie), readable=True)


def session_cookie(request: Request) -> str:
    """The session cookie as sent, "" where there is none."""
    return request.cookies.get(SESSION, "")


def csrf_token(cookie: str) -> str:
    """The token for requests of this session: only who can read our own cookies can send it."""
    return hmac.new(cookie.encode(), b"wristchart csrf", hashlib.sha256).hexdigest()


def csrf_matches(request: Request, given: str) -> bool:
    """Tell whether a request brings the token of its own session."""
    cookie = session_cookie(request)
    return bool(cookie) and hmac.compare_digest(csrf_token(cookie).encode(), given.encode())
