"""Nothing of a chart without a session: every request is refused unless it is let in here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, g, request

from app.contexts import ContextGone, LaunchContext
from app.cookies import CSRF_HEADER, csrf_matches, session_cookie
from app.frame_page import again_with_cookies
from app.headers import DASH, framed_by
from app.parts import Parts
from app.problems import ENDED, FORBIDDEN, NOT_FOUND, show

OPEN_TO_ALL = ("_dash-component-suites/", "assets/", "_favicon.ico")
FOR_ANY_SESSION = frozenset({"_dash-layout", "_dash-dependencies", "_reload-hash"})
CALLBACK = "_dash-update-component"
PAGE = re.compile(r"/c/(?P<context>[A-Za-z0-9_-]{22,64})/?")
OF_TIMERS = ("tick.data", "fresh.data", "revision.data", "newest.data")
"""What the page's timers set in motion."""
ADDRESS = ("url", "pathname")  # every callback of the page passes it as a State


def guard(server: Flask, parts: Parts, own: frozenset[str]) -> None:
    """Let in the endpoints in `own`, which look after themselves, and Dash for live launches."""

    @server.before_request
    def admit() -> Response | None:
        if request.endpoint in own:
            return None
        g.session = parts.sessions.find(session_cookie(request))
        if not request.path.startswith(DASH):
            return show(NOT_FOUND)
        return _admit_to_dash(parts, request.path.removeprefix(DASH))


def live_context(parts: Parts, pathname: object) -> LaunchContext:
    """The context of a page's address, if it is live and this browser's; raises ContextGone."""
    found = PAGE.fullmatch(pathname) if isinstance(pathname, str) else None
    if found is None or g.session is None:
        raise ContextGone("no session or no context")
    try:
        context = parts.contexts.find(found["context"], g.session)
    except ContextGone:
        _note_foreign(parts, found["context"])
        raise
    framed_by(parts.settings.tenant(context.tenant))
    return context


def _note_foreign(parts: Parts, identifier: str) -> None:
    """Leave a trace where somebody asks for a live launch of another browser."""
    tenant = parts.contexts.tenant_of(identifier)
    if tenant is not None and "foreign" not in g:
        g.foreign = identifier
        parts.audit(tenant, "", "context.refused", f"context/{identifier}")


def _admit_to_dash(parts: Parts, rest: str) -> Response | None:
    if rest.startswith(OPEN_TO_ALL):
        return None
    if rest in FOR_ANY_SESSION:
        return None if g.session is not None else show(ENDED)
    if rest == CALLBACK:
        return _admit_callback(parts)
    try:
        parts.contexts.used(live_context(parts, request.path).id)
    except ContextGone:
        return again_with_cookies(parts) or show(ENDED)
    return None


def _admit_callback(parts: Parts) -> Response | None:
    """Only our own page, with its session's token, for one address.

    An ended launch is let through: the page's services refuse it, and Dash can then say so,
    where an error status would leave the page frozen without a word.
    """
    body = request.get_json(silent=True)
    addresses = set(_addresses(body))
    if not _from_own_page(parts) or len(addresses) != 1:
        return show(FORBIDDEN)
    try:
        context = live_context(parts, addresses.pop())
    except ContextGone:
        return None
    if not _by_itself(body):
        g.left_alone = parts.contexts.is_left_alone(context)
        parts.contexts.used(context.id)
    return None


def _from_own_page(parts: Parts) -> bool:
    return (
        request.method == "POST"
        and request.headers.get("Origin") == parts.settings.web.url
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and csrf_matches(request, request.headers.get(CSRF_HEADER, ""))
    )


def _addresses(body: Any) -> Iterator[str]:
    """The pathnames that a callback's body gives, in its inputs and states."""
    for part in ("inputs", "state"):
        entries = body.get(part) if isinstance(body, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and (entry.get("id"), entry.get("property")) == ADDRESS:
                yield str(entry.get("value"))


def _by_itself(body: Any) -> bool:
    """Whether a timer asked, not a person: a page left open must still idle out."""
    changed = body.get("changedPropIds")
    return isinstance(changed, list) and bool(changed) and all(map(_of_a_timer, changed))


def _of_a_timer(changed: object) -> bool:
    return str(changed).endswith(".n_intervals") or changed in OF_TIMERS
