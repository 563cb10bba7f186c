"""Parameters of requests; what cannot be read in one way only is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from flask import request
from pydantic import TypeAdapter, ValidationError

from safeguards.strict_json import Malformed, loads
from wearable_agg.api.problems import bad_request
from wearable_agg.api.routes import Call, Parameter, Route

MOST_DAYS = 366 * 3
MOST_ITEMS, USUAL_ITEMS = 200, 100
SHORTEST_KEY, LONGEST_KEY = 8, 200
_BODY_BYTES = 65_536
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("naive")
    return instant.astimezone(UTC)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ITEMS:
        raise ValueError(text)
    return int(text)


_DAY = {"type": "string", "format": "date"}
_INSTANT = {"type": "string", "format": "date-time"}
DAYS = (
    Parameter("from", "The first calendar day.", _DAY, date.fromisoformat),
    Parameter("to", f"The day after the last; at most {MOST_DAYS} days.", _DAY, date.fromisoformat),
)
INSTANTS = (
    Parameter("from", "The first instant, with its offset.", _INSTANT, _instant),
    Parameter("to", f"The end, not included; at most {MOST_DAYS} days.", _INSTANT, _instant),
)
PAGE = (
    Parameter(
        "limit",
        "How many items at most.",
        {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": USUAL_ITEMS},
        _count,
        default=USUAL_ITEMS,
    ),
    Parameter(
        "cursor",
        "The `next` of the page before: opaque, good for this asker, patient and list only.",
        {"type": "string", "maxLength": 1000},
        default="",
    ),
)


def values_of(route: Route, path: dict[str, str]) -> dict[str, Any]:
    """Return the request's parameters, read; raises Problem 400."""
    return dict(path) | {one.name: _value(one) for one in route.parameters if one.where == "query"}


def _value(parameter: Parameter) -> Any:
    given = request.args.getlist(parameter.name)
    if not given and parameter.default is not None:
        return parameter.default
    if len(given) != 1:
        raise bad_request(f"{parameter.name} is needed, once.")
    try:
        return parameter.read(given[0])
    except (ValueError, OverflowError) as error:
        wanted = parameter.schema.get("format") or parameter.schema["type"]
        raise bad_request(f"{parameter.name} is not a usable {wanted}.") from error


def days_asked(call: Call) -> tuple[date, date]:
    """Return `from` and `to` (exclusive), at most MOST_DAYS apart; raises Problem 400."""
    first, last = call.values["from"], call.values["to"]
    if not first < last or (last - first).days > MOST_DAYS or first.year < 1970:
        raise bad_request(f"to lies after from, at most {MOST_DAYS} days.")
    return first, last


def instants_asked(call: Call) -> tuple[datetime, datetime]:
    """Return `from` and `to` in UTC, at most MOST_DAYS apart; raises Problem 400."""
    start, end = call.values["from"], call.values["to"]
    if not timedelta() < end - start <= timedelta(days=MOST_DAYS):
        raise bad_request(f"to lies after from, at most {MOST_DAYS} days.")
    return start, end


def body_of(route: Route) -> Any:
    """Return the request's JSON as the route's body; raises Problem 400."""
    raw = request.get_data()
    try:
        loads(raw, limit=_BODY_BYTES)
        return adapter(route.body).validate_json(raw, strict=True)
    except Malformed as error:
        raise bad_request(f"The body is not usable: {error}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise bad_request(f"{place}: {first['msg']}.") from error


def raw_body(route: Route) -> bytes:
    """Return the request's JSON as it came, unread; raises Problem 400 and 413."""
    request.max_content_length = route.most_bytes
    raw = request.get_data()
    if raw.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] not in (b"{", b"["):
        raise bad_request("The body is no JSON document.")
    return raw


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads and describes a type."""
    return TypeAdapter(kind)


def idempotency_key(usual: str = "") -> str:
    """Return the request's Idempotency-Key; raises Problem 400 where it is too short or too long.

    `usual` stands for a missing one, where that is allowed.
    """
    key = request.headers.get("Idempotency-Key", usual)
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY or not key.isprintable():
        wanted = f"{SHORTEST_KEY} to {LONGEST_KEY} characters"
        raise bad_request(f"Idempotency-Key is needed: {wanted}.")
    return key
