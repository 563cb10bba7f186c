"""What waits to be written to charts, for the operators that a hospital's settings name.

A launch of this browser tells who the user is; it is asked anew at every request. Everybody else
is refused. `wristchart outbox` does the same from the command line.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.asking import OPERATE, asker
from app.contexts import LaunchContext
from app.cookies import csrf_matches, csrf_token, session_cookie
from app.headers import framed_by
from app.parts import Parts
from app.problems import BACKEND_AWAY, FORBIDDEN, NOT_FOUND, NOT_OPERATOR, show
from app.sign_out import from_own_page
from safeguards.assertions import Asker, Signer
from safeguards.egress import Egress
from wearable_agg.client.api_client import ApiClient
from wearable_agg.client.errors import BackendError, NotAllowed, NotFound


def deliveries_routes(parts: Parts) -> Blueprint:
    """`/deliveries`, a write beneath it, and the form that has it sent again."""
    routes = Blueprint("deliveries", __name__)
    url = parts.settings.api.url
    api = ApiClient(url, Signer.open(parts.settings.keys), Egress.to_own_service(url))

    @routes.get("/deliveries")
    def listed() -> Response:
        found = operators(parts)
        return _answer(
            lambda: [(_name(parts, each), api.deliveries(_asks(each))) for each in found],
            "deliveries.html",
            allowed=bool(found),
            chart=_chart(parts),
        )

    @routes.get("/deliveries/<tenant>/<int:number>")
    def one(tenant: str, number: int) -> Response:
        who = operator_of(parts, tenant)
        return _answer(
            lambda: api.delivery(_asks(who), number) if who else None,
            "delivery.html",
            allowed=who is not None,
            tenant=tenant,
            chart=_chart(parts),
        )

    @routes.post("/deliveries/<tenant>/<int:number>/replay")
    def replay(tenant: str, number: int) -> Response:
        who = operator_of(parts, tenant)
        own = from_own_page(parts.settings.web.url)
        if who is None or not own or not csrf_matches(request, request.form.get("csrf", "")):
            return show(FORBIDDEN, reason="replay")
        asked = _asks(who)
        key = request.form.get("key", "")[:64]
        failed = _failure(lambda: api.replay(asked, number, key))
        return failed or make_response(redirect("/deliveries", 303))

    return routes


def operators(parts: Parts) -> list[LaunchContext]:
    """The launches of this browser whose user is an operator, one for each hospital."""
    session = parts.sessions.find(session_cookie(request))
    found: dict[str, LaunchContext] = {}
    for context in parts.contexts.of_session(session) if session else []:
        tenant = parts.settings.tenant(context.tenant)
        if context.facts.user in tenant.operators:
            framed_by(tenant)
            found[tenant.id] = context
    return list(found.values())


def operator_of(parts: Parts, tenant: str) -> LaunchContext | None:
    """The launch of this browser by an operator of this hospital, None where there is none."""
    return next((each for each in operators(parts) if each.tenant == tenant), None)


def _chart(parts: Parts) -> str:
    """The launch that this page was opened from, "" where the browser has it no longer."""
    asked = request.args.get("chart", "")
    session = parts.sessions.find(session_cookie(request))
    mine = parts.contexts.of_session(session) if session else []
    return next((each.id for each in mine if each.id == asked), "")


def _asks(context: LaunchContext) -> Asker:
    return dataclasses.replace(asker(context), scopes=frozenset({OPERATE}))


def _name(parts: Parts, context: LaunchContext) -> tuple[str, str]:
    tenant = parts.settings.tenant(context.tenant)
    return tenant.id, tenant.name


def _answer(
    read: Callable[[], object], template: str, *, allowed: bool, **content: object
) -> Response:
    if not allowed:
        return show(NOT_OPERATOR)
    found: list[object] = []
    failed = _failure(lambda: found.append(read()))
    if failed:
        return failed
    form = {"csrf": csrf_token(session_cookie(request)), "key": secrets.token_urlsafe(24)}
    return make_response(render_template(template, found=found[0], **form, **content))


def _failure(act: Callable[[], object]) -> Response | None:
    """Do it; the page to show where the backend would not."""
    try:
        act()
    except NotAllowed:
        return show(NOT_OPERATOR)
    except NotFound:
        return show(NOT_FOUND)
    except BackendError:
        return show(BACKEND_AWAY)
    return None
