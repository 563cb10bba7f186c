"""Serving declared routes: assertion, scope, parameters, tags and keys are seen to in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from safeguards.assertions import Asker
from safeguards.strict_json import dumps
from wearable_agg.api.asking import asker_with, device_asking, record_read
from wearable_agg.api.backend import Backend
from wearable_agg.api.idempotency import Answered, claim, keep_answer, release
from wearable_agg.api.parameters import body_of, idempotency_key, raw_body, values_of
from wearable_agg.api.problems import TOO_MANY, Problem
from wearable_agg.api.routes import BY_DEVICE, NO_PERSON, Call, Route
from wearable_agg.intake.budgets import spend
from wearable_agg.people.consents import permitted_topics
from wearable_agg.people.registry import data_version, person_for
from wearable_agg.store.database import writing
from wearable_agg.vendors.limits import pushes_a_minute

UNAUDITED = ("limit", "cursor")


def routes_blueprint(backend: Backend, routes: Sequence[Route]) -> Blueprint:
    """Return the routes as served by Flask."""
    blueprint = Blueprint("api", __name__)
    for route in routes:
        serve = _server(route)
        view: Callable[..., Response] = partial(serve, backend, route)
        blueprint.add_url_rule(route.rule, route.name, view, methods=[route.method])
    return blueprint


def _server(route: Route) -> Callable[..., Response]:
    if route.credential == BY_DEVICE:
        return _take
    return _act if route.method == "POST" else _read


def _read(backend: Backend, route: Route, **path: str) -> Response:
    asker = asker_with(backend, route.scope)
    values = values_of(route, path)
    with backend.engine.connect() as connection:
        call = Call(backend, connection, asker, _person(connection, asker), values)
        tag = _version_tag(call, route) if route.tagged else None
        unchanged = tag is not None and request.if_none_match.contains_weak(tag)
        raw = b"" if unchanged else dumps(route.handler(call)).encode()
    if route.recorded:
        record_read(backend, asker, route.recorded, _said(values))
    tag = tag or hashlib.sha256(raw).hexdigest()[:32]
    if request.if_none_match.contains_weak(tag):
        answer = Response(status=304)
    else:
        answer = Response(raw, route.status, mimetype=route.media_type)
    answer.set_etag(tag, weak=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _act(backend: Backend, route: Route, **path: str) -> Response:
    """Do what an assertion's user asks, once."""
    asker = asker_with(backend, route.scope)
    values, key = values_of(route, path), idempotency_key()
    body = body_of(route)

    def act(connection: Connection) -> Any:
        person_id = _person(connection, asker)
        return route.handler(Call(backend, connection, asker, person_id, values, body, key))

    return _once(backend, route, asker, key, act)


def _take(backend: Backend, route: Route) -> Response:
    """Take what a device sends, once; its token must still be good when that is committed."""
    with backend.engine.connect() as connection:
        asker, device = device_asking(backend, connection)
    with writing(backend.engine) as connection:
        if not spend(connection, device.vendor, device.id):
            raise Problem(TOO_MANY, f"At most {pushes_a_minute(device.vendor)} pushes a minute.")
    body = raw_body(route)
    key = idempotency_key(usual=hashlib.sha256(body).hexdigest())

    def act(connection: Connection) -> Any:
        _, account = device_asking(backend, connection)
        values = {"account": account.id}
        return route.handler(Call(backend, connection, asker, account.person_id, values, body, key))

    return _once(backend, route, asker, key, act)


def _once(
    backend: Backend, route: Route, asker: Asker, key: str, act: Callable[[Connection], Any]
) -> Response:
    """Do a POST once for its Idempotency-Key; the answer is kept in the transaction of the act."""
    claimed = claim(backend, asker, request.path, key, request.get_data())
    if isinstance(claimed, Answered):
        return _answer(route, claimed.raw, claimed.status)
    done = False
    try:
        with writing(backend.engine) as connection:
            raw = dumps(act(connection)).encode()
            keep_answer(connection, backend, claimed, Answered(route.status, raw))
        done = True
    finally:
        if not done:  # nothing was changed, so the same key may try again
            release(backend, claimed)
    return _answer(route, raw, route.status)


def _answer(route: Route, raw: bytes, status: int) -> Response:
    answer = Response(raw, status, mimetype=route.media_type)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _person(connection: Connection, asker: Asker) -> int:
    return person_for(connection, asker.tenant, asker.issuer, asker.patient) or NO_PERSON


def _version_tag(call: Call, route: Route) -> str:
    """Name the state of everything the answer depends on, and the question itself."""
    known = call.person_id != NO_PERSON
    state = data_version(call.connection, call.person_id) if known else "nobody"
    topics = sorted(permitted_topics(call.connection, call.person_id))
    asker = (call.asker.tenant, call.asker.issuer, call.asker.patient)
    parts = (*asker, call.person_id, state, topics, route.path, sorted(call.values.items()))
    return hashlib.sha256(f"{_release()}|{parts!r}".encode()).hexdigest()[:32]


@cache
def _release() -> str:
    return version("wristchart")


def _said(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if name not in UNAUDITED}
