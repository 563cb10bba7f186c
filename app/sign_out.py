"""Signing out: the session ends here at once, and at the EHR as far as it lets us."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from app.contexts import ContextGone, LaunchContext
from app.cookies import CSRF, SESSION, csrf_matches, csrf_token, drop_cookie, session_cookie
from app.headers import framed_by
from app.parts import Parts
from app.problems import FORBIDDEN, show
from smart.token_endpoint import revoke_all


def sign_out_routes(parts: Parts) -> Blueprint:
    """`/sign-out`: a page that asks, and the form it sends."""
    routes = Blueprint("sign_out", __name__)

    @routes.get("/sign-out")
    def ask() -> Response:
        _frame(parts, session_cookie(request))
        csrf = csrf_token(session_cookie(request))
        return make_response(render_template("sign_out.html", csrf=csrf))

    @routes.post("/sign-out")
    def end() -> Response:
        own = from_own_page(parts.settings.web.url)
        if not own or not csrf_matches(request, request.form.get("csrf", "")):
            return show(FORBIDDEN, reason="sign-out from elsewhere")
        _frame(parts, session_cookie(request))
        _end(parts, session_cookie(request))
        response = make_response(render_template("signed_out.html"))
        drop_cookie(response, SESSION)
        drop_cookie(response, CSRF)
        return response

    return routes


def from_own_page(url: str) -> bool:
    """Whether the form came from our page; without a referrer browsers call its origin `null`."""
    origin = request.headers.get("Origin", url)
    same_origin = request.headers.get("Sec-Fetch-Site") == "same-origin"
    return origin == url or (origin == "null" and same_origin)


def _frame(parts: Parts, cookie: str) -> None:
    """Let the EHR of the session's charts frame this page, so that it shows where it is used."""
    session = parts.sessions.find(cookie)
    for context in parts.contexts.of_session(session) if session else []:
        framed_by(parts.settings.tenant(context.tenant))


def _end(parts: Parts, cookie: str) -> None:
    session = parts.sessions.find(cookie)
    if session is None:
        return
    access = [_access(parts, context) for context in parts.contexts.of_session(session)]
    parts.sessions.end(session)
    for context, tokens in access:
        revoked = revoke_all(parts.ehrs[context.tenant], *tokens)
        parts.audit(
            context.tenant, context.facts.user, "sign_out", f"context/{context.id}", revoked=revoked
        )


def _access(parts: Parts, context: LaunchContext) -> tuple[LaunchContext, tuple[str, str]]:
    try:
        tokens = parts.contexts.tokens(context.id)
    except ContextGone:
        return context, ("", "")
    return context, (tokens.access, tokens.refresh)
