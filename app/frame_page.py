"""The page that finds out whether this frame can keep a session, before anything is spent on it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from flask import Response, render_template_string, request

from app.cookies import PROBE, session_cookie, set_cookie
from app.parts import Parts
from app.pending import LIFETIME
from app.store import SECOND

RESUMED = "resumed"


def frame_page(parts: Parts, *, way_on: str, own_window: str = "") -> Response:
    """The page; its script goes to `way_on` once cookies come back.

    `own_window` is the address to open in a window of its own where they never will; "" where
    that is too late, and `way_on` has to say what is wrong.
    """
    kept = PROBE in request.cookies or bool(session_cookie(request))
    page = render_template_string(
        _template(),
        way_on=way_on,
        own_window=own_window,
        kept=kept,
        origin=parts.settings.web.url,
    )
    return with_probe(Response(page))


def again_with_cookies(parts: Parts) -> Response | None:
    """The page that takes storage access up again and comes back; None where that is no help.

    Browsers end that access where the frame goes to another site and back, or is loaded from
    outside: such a request comes without any cookie.
    """
    framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
    if not framed or request.cookies or RESUMED in request.args:
        return None
    query = request.query_string.decode("ascii", "replace")
    return frame_page(parts, way_on=f"{request.path}?{query}{'&' if query else ''}{RESUMED}=1")


def with_probe(response: Response) -> Response:
    """Set the cookie whose return shows that cookies are kept."""
    set_cookie(response, PROBE, "1", seconds=LIFETIME // SECOND)
    return response


@cache
def _template() -> str:
    """At the root of a checkout, beside this module in an installation."""
    here = Path(__file__).with_name("launch.html")
    return (here if here.exists() else Path(__file__).parents[1] / "launch.html").read_text("utf-8")
