"""What the pages for patients have in common: headers, cookies, messages."""

from __future__ import annotations

import hmac

from flask import Response, make_response, render_template, request

from config.settings import Settings
from wearable_agg.people.hashes import hashed

COOKIE = "wristchart_patient"
PATH = "/link"
FORM_FIELD = "form"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # without any, browsers hide where our own forms come from
    "X-Content-Type-Options": "nosniff",
}


class Forged(Exception):
    """A form came from somewhere else than our own page."""


def harden(answer: Response) -> Response:
    """Put the headers of patients' pages on an answer."""
    answer.headers.update(HEADERS)
    return answer


def remember(answer: Response, settings: Settings, secret: str, seconds: float) -> Response:
    """Give the browser the secret of a session or of a visit elsewhere."""
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=round(seconds),
        path=PATH,
        httponly=True,
        samesite="Lax",  # it has to come along when the vendor sends the browser back
        secure=settings.api.url.startswith("https:"),
    )
    return answer


def cookie() -> str:
    """Return the browser's secret, "" without one."""
    return request.cookies.get(COOKIE, "")


def form_key() -> str:
    """Return what a form of this browser's session has to bring back."""
    return hashed(f"form|{cookie()}")


def demand_own_origin(settings: Settings) -> None:
    """Raise Forged where the browser says that a form comes from another site's page."""
    origin = request.headers.get("Origin", settings.api.url)
    if origin != settings.api.url:
        raise Forged(origin)


def demand_own_form(settings: Settings) -> None:
    """Raise Forged unless the form comes from a page of this session."""
    demand_own_origin(settings)
    key = request.form.get(FORM_FIELD, "")
    if not hmac.compare_digest(key.encode(), form_key().encode()):
        raise Forged("another session")


def message(status: int, state: str, title: str, text: str) -> Response:
    """Return a page that says one thing."""
    page = render_template(
        "link_message.html", state=state, title=title, text=text, good=status == 200
    )
    return make_response(page, status)
