"""Google's data endpoints: identity, settings, lists and daily roll-ups."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.vendors.apps import GOOGLE
from sandbox.vendors.google.errors import GoogleError, invalid
from sandbox.vendors.google.filters import Bounds, read_filter
from sandbox.vendors.google.roll_ups import rolled
from sandbox.vendors.google.scopes import IRREGULAR, SETTINGS
from sandbox.vendors.google.shapes import civil_date, physical
from sandbox.vendors.google.types import DataType, type_of
from sandbox.vendors.grants import Grant, bearer, grant_of, token_row
from sandbox.vendors.world import ACCOUNTS, World
from sandbox.wearer.people import WEARERS

PER_USER_PER_MINUTE = 300


def data_routes(world: World) -> Blueprint:
    """Return the endpoints that a person's access token opens."""
    routes = Blueprint("google_data", __name__, url_prefix="/google-health/v4/users/me")

    @routes.get("/identity")
    def identity() -> Response:
        account = ACCOUNTS[GOOGLE][_allowed(world, "").user]
        legacy = f"F{int(account) % 10**6}"
        return jsonify(
            {"name": "users/me/identity", "healthUserId": account, "legacyUserId": legacy}
        )

    @routes.get("/settings")
    def settings() -> Response:
        wearer = WEARERS[_allowed(world, SETTINGS).user]
        return jsonify({"name": "users/me/settings", "timeZone": wearer.zone.key})

    @routes.get("/pairedDevices")
    def devices() -> Response:
        wearer = WEARERS[_allowed(world, SETTINGS).user]
        device = {"name": "users/me/pairedDevices/1", "displayName": wearer.device}
        return jsonify({"pairedDevices": [device]})

    @routes.get("/irnProfile")
    def irregular_rhythm_profile() -> Response:
        wearer = WEARERS[_allowed(world, IRREGULAR).user]
        updated = physical(world.now() - timedelta(days=200))
        enrolled = bool(wearer.afib)  # the others have not switched it on
        profile = {"onboardingStatus": True, "enrollmentStatus": enrolled, "updateTime": updated}
        return jsonify({"name": "users/me/irnProfile", **profile})

    @routes.get("/dataTypes/<path>/dataPoints")
    def data_points(path: str) -> Response:
        kind = type_of(path)
        return jsonify(_list(world, kind, _allowed(world, kind.scope).user))

    @routes.post("/dataTypes/<path>/dataPoints:dailyRollUp")
    def daily_roll_up(path: str) -> Response:
        kind = type_of(path)
        return jsonify(_roll_up(world, kind, _allowed(world, kind.scope).user))

    return routes


def _allowed(world: World, scope: str) -> Grant:
    """Return whose token this is; raises GoogleError where it opens nothing or not this."""
    row = token_row(world, GOOGLE, "access", bearer(request.headers.get("Authorization")))
    if row is None:
        raise GoogleError(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    grant = grant_of(row)
    wait = world.limiter.spend(f"google|{grant.user}", PER_USER_PER_MINUTE)
    if wait is not None:
        headers = world.limiter.retry_header(wait)
        message = "Quota exceeded for quota metric 'Queries'."
        raise GoogleError(429, "RESOURCE_EXHAUSTED", message, "RATE_LIMIT_EXCEEDED", headers)
    if scope and scope not in grant.scopes:
        message = "Request had insufficient authentication scopes."
        raise GoogleError(403, "PERMISSION_DENIED", message, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    return grant


def _list(world: World, kind: DataType, user: str) -> dict[str, Any]:
    wearer = WEARERS[user]
    text = request.args.get("filter", "")
    bounds = read_filter(text, kind.fields, kind.open_ended, wearer.zone)
    size = min(_page_size(request.args.get("pageSize"), kind.default_page), kind.largest_page)
    token = request.args.get("pageToken", "")
    high = min(bounds.high, _resume(token, kind.path, text)) if token else bounds.high
    found: list[tuple[datetime, Any]] = []
    gone = world.deleted(user, kind.path)
    for day in world.days_back(user, bounds.low, high):
        timed = reversed(list(kind.points(world, wearer, day)))
        inside = [(at, point) for at, point in timed if bounds.low <= at < high]
        found += [one for one in inside if not _is_within(gone, one[0])]
        if len(found) > size:
            break
    answer: dict[str, Any] = {"dataPoints": [point for _, point in found[:size]]}
    if len(found) > size:
        answer["nextPageToken"] = _token(kind.path, text, found[size - 1][0])
    return answer


def _is_within(spans: list[tuple[float, float]], at: datetime) -> bool:
    return any(low <= at.timestamp() < high for low, high in spans)


def _page_size(given: str | None, default: int) -> int:
    if not given:
        return default
    if not given.isdigit():
        raise invalid("pageSize must be a positive integer")
    return int(given) or default


def _token(path: str, text: str, before: datetime) -> str:
    content = json.dumps([path, text, before.timestamp()])
    return base64.urlsafe_b64encode(content.encode()).decode()


def _resume(token: str, path: str, text: str) -> datetime:
    """Return before which instant a page token goes on; it holds for the same request only."""
    try:
        kind, asked, before = json.loads(base64.urlsafe_b64decode(token))
        at = datetime.fromtimestamp(float(before), UTC)
    except ValueError:
        raise invalid("Invalid pageToken") from None
    if (kind, asked) != (path, text):
        raise invalid("pageToken belongs to another request")
    return at


def _roll_up(world: World, kind: DataType, user: str) -> dict[str, Any]:
    if not kind.rollup_days:
        raise invalid(f"{kind.path} does not support dailyRollUp")
    span = _range(request.get_json(silent=True))
    if not span.low < span.high:
        raise invalid("range must not be empty")
    if (span.high - span.low).days > kind.rollup_days:
        raise invalid(f"range exceeds {kind.rollup_days} days")
    days = [span.low.date() + timedelta(days=n) for n in range((span.high - span.low).days)]
    summed = [_rolled(world, kind.path, user, day) for day in days if _within(world, day)]
    return {"rollupDataPoints": [one for one in summed if one]}


def _within(world: World, day: date) -> bool:
    return abs((world.anchor() - day).days) < 400


def _range(body: Any) -> Bounds:
    try:
        low, high = (_civil(body["range"][edge]) for edge in ("start", "end"))
        if int(body.get("windowSizeDays", 1)) != 1:
            raise invalid("windowSizeDays other than 1 is not simulated")
    except (KeyError, TypeError, ValueError):
        raise invalid("range.start.date and range.end.date are required") from None
    return Bounds(low, high)


def _civil(value: Any) -> datetime:
    parts = value["date"]
    return datetime(int(parts["year"]), int(parts["month"]), int(parts["day"]), tzinfo=UTC)


def _rolled(world: World, path: str, user: str, day: date) -> dict[str, Any] | None:
    values = rolled(world, path, user, day)
    if values is None:
        return None
    return {
        "civilStartTime": {"date": civil_date(day)},
        "civilEndTime": {"date": civil_date(day + timedelta(days=1))},
        **values,
    }
