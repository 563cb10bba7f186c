"""Withings' data endpoints: measures, activity, sleep, ECG, devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, request

from sandbox.vendors.withings import rows
from sandbox.vendors.withings.envelope import (
    INVALID,
    NOT_IMPLEMENTED,
    WithingsError,
    allowed,
    chosen,
    number,
    paged,
    success,
)
from sandbox.vendors.world import HISTORY, World
from sandbox.wearer.days import Day
from sandbox.wearer.ecg import spot_ecgs
from sandbox.wearer.people import WEARERS, Wearer

ACTIVITY_PAGE, SLEEP_PAGE, MEASURE_PAGE = 200, 100, 100
LONGEST_INTRADAY = timedelta(hours=24)
ECG_HERTZ = 300
ECG_MODEL = 93
ALWAYS = (
    "date",
    "timezone",
    "deviceid",
    "hash_deviceid",
    "brand",
    "model",
    "modelid",
    "is_tracker",
    "modified",
)
"""The members that an activity row always has."""

Action = Callable[[World, Wearer], dict[str, Any]]


def data_routes(world: World) -> Blueprint:
    """Return the endpoints that a person's access token opens."""
    routes = Blueprint("withings_data", __name__, url_prefix="/withings")

    @routes.post("/measure")
    def measure() -> Response:
        return _act(world, "user.metrics", {"getmeas": _measures})

    @routes.post("/v2/measure")
    def activity() -> Response:
        actions: dict[str, Action] = {"getactivity": _activity, "getintradayactivity": _intraday}
        return _act(world, "user.activity", actions)

    @routes.post("/v2/sleep")
    def sleep() -> Response:
        return _act(world, "user.activity", {"getsummary": _summaries, "get": _stages})

    @routes.post("/v2/heart")
    def heart() -> Response:
        return _act(world, "user.activity", {"list": _ecg_list, "get": _ecg})

    @routes.post("/v2/user")
    def user() -> Response:
        return _act(world, "user.info", {"getdevice": _devices})

    return routes


def _act(world: World, scope: str, actions: Mapping[str, Action]) -> Response:
    grant = allowed(world, scope)
    action = actions.get(request.values.get("action", ""))
    if action is None:
        raise WithingsError(NOT_IMPLEMENTED, "Not implemented")
    return success(action(world, WEARERS[grant.user]))


def _days(world: World, wearer: Wearer) -> list[Day]:
    """Return the days that startdateymd and enddateymd (inclusive) name, in order.

    For lastupdate they are all that can hold a change since then.
    """
    if since := _since():
        return _between(world, wearer, world.touched_since(wearer.id, since), world.now())
    try:
        first, last = (
            date.fromisoformat(request.values.get(name, ""))
            for name in ("startdateymd", "enddateymd")
        )
    except ValueError:
        raise WithingsError(INVALID, "Invalid Params: startdateymd, enddateymd") from None
    low = datetime.combine(first, time(), wearer.zone)
    high = datetime.combine(last, time(12), wearer.zone)
    return _between(world, wearer, low, high)


def _since() -> datetime | None:
    asked = number("lastupdate", -1)
    return datetime.fromtimestamp(asked, UTC) if asked >= 0 else None


def _is_changed(row: Mapping[str, Any]) -> bool:
    """Tell whether a row was modified since lastupdate, where that is asked."""
    since = _since()
    return since is None or row["modified"] >= since.timestamp()


def _between(world: World, wearer: Wearer, low: datetime, high: datetime) -> list[Day]:
    return list(world.days_back(wearer.id, low, high))[::-1]


def _span(world: World, longest: timedelta | None) -> tuple[datetime, datetime]:
    """Return startdate and enddate; raises WithingsError where they are too far apart."""
    now = world.now()
    low = datetime.fromtimestamp(number("startdate", int((now - HISTORY).timestamp())), UTC)
    high = datetime.fromtimestamp(number("enddate", int(now.timestamp())), UTC)
    if low > high or (longest is not None and high - low > longest):
        raise WithingsError(INVALID, "Invalid Params: startdate, enddate")
    return low, high


def _activity(world: World, wearer: Wearer) -> dict[str, Any]:
    found = [
        chosen(row, ALWAYS)
        for day in _days(world, wearer)
        for row in rows.activities(world, wearer, day)
        if _is_changed(row)
    ]
    return paged(found, "activities", ACTIVITY_PAGE)


def _intraday(world: World, wearer: Wearer) -> dict[str, Any]:
    low, high = _span(world, LONGEST_INTRADAY)
    entries = {
        str(at): chosen(entry, ("duration", "deviceid", "model"))
        for day in _between(world, wearer, low, high)
        for at, entry in rows.intraday(world, wearer, day).items()
        if low.timestamp() <= at < high.timestamp()
    }
    return {"series": entries}


def _summaries(world: World, wearer: Wearer) -> dict[str, Any]:
    found = [
        {**row, "data": chosen(row["data"])}
        for day in _days(world, wearer)
        for row in rows.summaries(world, wearer, day)
        if _is_changed(row)
    ]
    return paged(found, "series", SLEEP_PAGE)


def _stages(world: World, wearer: Wearer) -> dict[str, Any]:
    low, high = _span(world, LONGEST_INTRADAY)
    found = [
        row
        for day in _between(world, wearer, low, high + timedelta(days=1))
        for row in rows.stages(world, wearer, day)
        if low.timestamp() <= row["startdate"] < high.timestamp()
    ]
    return {"series": found, "model": rows.WATCH_MODEL_ID}


def _measures(world: World, wearer: Wearer) -> dict[str, Any]:
    low, high = _span(world, None)
    if since := _since():
        low, high = world.touched_since(wearer.id, since), world.now()
    asked = request.values.get("meastypes") or request.values.get("meastype") or ""
    kinds = {int(kind) for kind in asked.split(",") if kind.isdigit()}
    groups = []
    for day in world.days_back(wearer.id, low, high):
        candidates = rows.measure_groups(world, wearer, day) + rows.goal_groups(world, wearer, day)
        groups += [group for group in candidates if _wanted(group, low, high, kinds)]
    found = paged(groups, "measuregrps", MEASURE_PAGE)
    moment = rows.epoch(world.now())
    return {
        **found,
        "more": int(found["more"]),
        "updatetime": moment,
        "timezone": wearer.zone.key,
    }


def _wanted(group: dict[str, Any], low: datetime, high: datetime, kinds: set[int]) -> bool:
    in_time = low.timestamp() <= group["date"] <= high.timestamp()
    category = request.values.get("category")
    in_category = not category or group["category"] == number("category")
    of_kind = not kinds or any(one["type"] in kinds for one in group["measures"])
    return in_time and in_category and of_kind and _is_changed(group)


def _ecg_list(world: World, wearer: Wearer) -> dict[str, Any]:
    low, high = _span(world, None)
    until = min(high, world.synced(wearer.id))
    found = [
        {
            "deviceid": rows.device_id(wearer, rows.WATCH_MODEL),
            "model": ECG_MODEL,
            "ecg": {"signalid": reading.number, "afib": int(reading.afib)},
            "heart_rate": reading.rate,
            "timestamp": rows.epoch(reading.time),
            "modified": rows.epoch(reading.time) + 12,
        }
        for reading in spot_ecgs(wearer, world.anchor())
        if low <= reading.time < until
    ]
    return paged(found, "series", SLEEP_PAGE)


def _ecg(world: World, wearer: Wearer) -> dict[str, Any]:
    wanted = number("signalid")
    for reading in spot_ecgs(wearer, world.anchor()):
        if reading.number == wanted and reading.time < world.synced(wearer.id):
            microvolts = (reading.millivolts(ECG_HERTZ) * 1000).round().astype(int)
            return {
                "signal": microvolts.tolist(),
                "sampling_frequency": ECG_HERTZ,
                "wearposition": 1,
                "model": ECG_MODEL,
                "heart_rate": reading.rate,
            }
    raise WithingsError(INVALID, "Invalid Params: signalid")


def _devices(world: World, wearer: Wearer) -> dict[str, Any]:
    seen = rows.epoch(world.synced(wearer.id))
    models = (
        ("Activity Tracker", rows.WATCH_MODEL, rows.WATCH_MODEL_ID),
        ("Scale", rows.SCALE_MODEL, rows.SCALE_MODEL_ID),
    )
    return {
        "devices": [
            {
                "type": kind,
                "battery": "high",
                "model": model,
                "model_id": model_id,
                "timezone": wearer.zone.key,
                "last_session_date": seen,
                "deviceid": rows.device_id(wearer, model),
                "hash_deviceid": rows.device_id(wearer, model),
            }
            for kind, model, model_id in models
        ]
    }
