"""What the vendors refuse, told apart by what the caller can do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import requests
import responses

from config.settings import VendorApp
from safeguards.egress import Egress
from wearable_agg.vendors import protocol
from wearable_agg.vendors.google_health.kinds import SCOPES as GOOGLE_SCOPES
from wearable_agg.vendors.protocol import Tokens, Window
from wearable_agg.vendors.registry import VENDORS
from wearable_agg.vendors.withings.kinds import SCOPES as WITHINGS_SCOPES

BASE = "https://vendor.example"
NOW = datetime(2026, 6, 22, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=1), NOW)
APP = VendorApp("v", "id", "s", f"{BASE}/a", f"{BASE}/token", BASE, f"{BASE}/r", f"{BASE}/cb", "w")
STEPS = f"{BASE}/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp"


@pytest.fixture
def http() -> Egress:
    return Egress([BASE])


def tokens(scopes: tuple[str, ...]) -> Tokens:
    return Tokens("access", "refresh", NOW, scopes, "42")


def ask_google(http: Egress) -> None:
    google = VENDORS["google_health"]
    google.fetch(http, APP, tokens(GOOGLE_SCOPES), "steps", WINDOW, None)


def ask_withings(http: Egress) -> None:
    withings = VENDORS["withings"]
    withings.fetch(http, APP, tokens(WITHINGS_SCOPES), "activity", WINDOW, None)


def rpc(code: int, reason: str) -> dict[str, Any]:
    return {"error": {"code": code, "details": [{"@type": "ErrorInfo", "reason": reason}]}}


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (401, {}, protocol.AccessRefused),
        (403, rpc(403, "SERVICE_DISABLED"), protocol.NotPermitted),
        (429, rpc(429, "RATE_LIMIT_EXCEEDED"), protocol.TryLater),
        (400, rpc(400, "ACCOUNT_NOT_LINKED"), protocol.LinkBroken),
        (400, rpc(400, "OTHER"), protocol.RequestRefused),
        (404, {}, protocol.RequestRefused),
        (302, {}, protocol.VendorDown),
        (503, {}, protocol.VendorDown),
    ],
)
@responses.activate
def test_google_status(http: Egress, status: int, body: object, meaning: type[Exception]) -> None:
    responses.post(STEPS, json=body, status=status)
    with pytest.raises(meaning):
        ask_google(http)


@responses.activate
def test_google_says_how_long_to_wait_or_the_usual_holds(http: Egress) -> None:
    responses.post(STEPS, status=429, headers={"Retry-After": "7"})
    responses.post(STEPS, status=429)
    with pytest.raises(protocol.TryLater) as told:
        ask_google(http)
    with pytest.raises(protocol.TryLater) as usual:
        ask_google(http)
    assert (told.value.after_seconds, usual.value.after_seconds) == (7, 20)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (401, protocol.AccessRefused),
        (100, protocol.AccessRefused),
        (214, protocol.NotPermitted),
        (2554, protocol.RequestRefused),
        (503, protocol.RequestRefused),
        (601, protocol.TryLater),
        (522, protocol.VendorDown),
        (9999, protocol.VendorDown),
    ],
)
@responses.activate
def test_withings_status_comes_with_http_200(
    http: Egress, status: int, meaning: type[Exception]
) -> None:
    responses.post(f"{BASE}/v2/measure", json={"status": status, "body": {}, "error": "text"})
    with pytest.raises(meaning):
        ask_withings(http)


@responses.activate
def test_withings_waits_a_minute_where_nothing_is_said(http: Egress) -> None:
    responses.post(f"{BASE}/v2/measure", json={"status": 601, "body": {}})
    with pytest.raises(protocol.TryLater) as refusal:
        ask_withings(http)
    assert refusal.value.after_seconds == 60


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"status":"x"}', '{"body":{}}'])
@responses.activate
def test_withings_answer_that_cannot_be_read_is_the_vendors_fault(http: Egress, body: str) -> None:
    responses.post(f"{BASE}/v2/measure", body=body)
    with pytest.raises(protocol.VendorDown):
        ask_withings(http)


@responses.activate
def test_no_answer_at_all_is_vendor_down(http: Egress) -> None:
    responses.post(STEPS, body=requests.ConnectionError())
    with pytest.raises(protocol.VendorDown):
        ask_google(http)


@pytest.mark.parametrize(
    ("status", "error", "meaning"),
    [
        (400, "invalid_grant", protocol.LinkBroken),
        (401, "invalid_client", protocol.RequestRefused),
        (429, "rate_limited", protocol.TryLater),
        (500, "", protocol.VendorDown),
    ],
)
@responses.activate
def test_google_token_endpoint(
    http: Egress, status: int, error: str, meaning: type[Exception]
) -> None:
    responses.post(f"{BASE}/token", json={"error": error}, status=status)
    with pytest.raises(meaning):
        VENDORS["google_health"].refresh(http, APP, tokens(GOOGLE_SCOPES))


@responses.activate
def test_first_consent_without_refresh_token_is_no_link(http: Egress) -> None:
    responses.post(f"{BASE}/token", json={"access_token": "a", "expires_in": 3599, "scope": "x"})
    with pytest.raises(protocol.LinkBroken):
        VENDORS["google_health"].exchange(http, APP, "code")


@responses.activate
def test_withings_refresh_that_is_refused_breaks_the_link(http: Egress) -> None:
    answer = {"status": 503, "body": {}, "error": "Invalid Params: invalid refresh_token"}
    responses.post(f"{BASE}/token", json=answer)
    with pytest.raises(protocol.LinkBroken):
        VENDORS["withings"].refresh(http, APP, tokens(WITHINGS_SCOPES))


@responses.activate
def test_withings_userid_may_be_a_number(http: Egress) -> None:
    body = {"userid": 42, "access_token": "a", "refresh_token": "r", "expires_in": 10800}
    responses.post(f"{BASE}/token", json={"status": 0, "body": {**body, "scope": "user.info"}})
    assert VENDORS["withings"].exchange(http, APP, "code").vendor_user_id == "42"


@responses.activate
def test_google_asks_whole_days_that_the_window_can_touch(http: Egress) -> None:
    responses.post(STEPS, json={"rollupDataPoints": []})
    ask_google(http)
    asked = json.loads(responses.calls[0].request.body or "")["range"]
    assert asked["start"] == {"date": {"year": 2026, "month": 6, "day": 20}}
    assert asked["end"] == {"date": {"year": 2026, "month": 6, "day": 23}}


@pytest.mark.parametrize(
    ("vendor", "kind", "days"),
    [
        ("google_health", "steps", 86),
        ("google_health", "heart-rate", 30),
        ("withings", "sleep", 200),
    ],
)
def test_windows_run_newest_first_without_gap(vendor: str, kind: str, days: int) -> None:
    year = Window(NOW - timedelta(days=365), NOW)
    windows = VENDORS[vendor].backfill_windows(kind, year)
    assert windows[0].end == year.end
    assert windows[-1].start == year.start
    assert all(newer.start == older.end for newer, older in pairwise(windows))
    assert all(window.end - window.start <= timedelta(days=days) for window in windows)


def test_withings_intraday_takes_one_whole_utc_day_at_a_time() -> None:
    window = Window(NOW - timedelta(hours=30), NOW + timedelta(hours=1))
    windows = VENDORS["withings"].backfill_windows("intraday", window)
    assert [one.start for one in windows] == [NOW - timedelta(days=n) for n in range(3)]
    assert all(one.end - one.start == timedelta(days=1) for one in windows)


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_kinds_that_were_not_granted_are_not_asked_for(http: Egress, vendor: str) -> None:
    for kind in VENDORS[vendor].kinds:
        with pytest.raises(protocol.NotPermitted):
            VENDORS[vendor].fetch(http, APP, tokens(()), kind, WINDOW, None)
