"""Reading what a request says; what cannot be read in one way only is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import request

from safeguards.strict_json import Malformed, loads
from wearable_agg.api.problems import bad_request

MOST_DAYS = 366 * 3
LONGEST_NOTE = 2000
_BODY_BYTES = 65_536


def days_asked() -> tuple[date, date]:
    """Return `from` and `to` (exclusive), at most MOST_DAYS apart; raises Problem 400."""
    try:
        first = date.fromisoformat(request.args["from"])
        last = date.fromisoformat(request.args["to"])
    except (KeyError, ValueError) as error:
        raise bad_request("from and to are calendar days, YYYY-MM-DD.") from error
    if not first < last or (last - first).days > MOST_DAYS or first.year < 1970:
        raise bad_request(f"to lies after from, at most {MOST_DAYS} days.")
    return first, last


def instants_asked() -> tuple[datetime, datetime]:
    """Return `from` and `to` in UTC, at most MOST_DAYS apart; raises Problem 400."""
    start, end = _instant("from"), _instant("to")
    if not timedelta() < end - start <= timedelta(days=MOST_DAYS):
        raise bad_request(f"to lies after from, at most {MOST_DAYS} days.")
    return start, end


def body() -> dict[str, Any]:
    """Return the request's JSON object; raises Problem 400."""
    try:
        document = loads(request.get_data(), limit=_BODY_BYTES)
    except Malformed as error:
        raise bad_request(f"The body is not usable: {error}.") from error
    if not isinstance(document, dict):
        raise bad_request("The body is a JSON object.")
    return document


def idempotency_key() -> str:
    """Return the request's Idempotency-Key; raises Problem 400 where it is missing or too long."""
    key = request.headers.get("Idempotency-Key", "")
    if not 8 <= len(key) <= 200:
        raise bad_request("Idempotency-Key is needed: 8 to 200 characters.")
    return key


def _instant(name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(request.args[name])
        if instant.tzinfo is None:
            raise ValueError("naive")
        return instant.astimezone(UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise bad_request(f"{name} is an ISO 8601 instant with its offset.") from error
