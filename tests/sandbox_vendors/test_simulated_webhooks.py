"""Notifications from the simulators: proven address, signature, late, repeated and amended data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from sandbox.vendors.deliveries import deliver_due
from sandbox.vendors.google import signing
from sandbox.vendors.google.subscribers import save, verify_waiting
from sandbox.vendors.grants import token_row
from sandbox.vendors.links import DELETE, schedule
from sandbox.vendors.server import open_world
from sandbox.vendors.timeline import happen
from tests.sandbox_vendors.conftest import SECRET, Listener, Simulators
from tests.sandbox_vendors.reading import OSLO, everything, last
from wearable_agg.vendors.protocol import (
    NotAuthentic,
    Notification,
    RequestRefused,
    UnknownKey,
    Vendor,
    Window,
)

DATA_TYPES = ["steps", "heart-rate", "sleep", "daily-resting-heart-rate"]


def create_subscriber(simulators: Simulators, url: str, kinds: list[str]) -> requests.Response:
    """Do what the project's administrator does once."""
    return requests.post(
        f"{simulators.url}/google-health/v4/projects/1/subscribers?subscriberId=wristchart",
        headers={"Authorization": "Bearer administrator"},
        json={
            "endpointUri": url,
            "subscriberConfigs": [{"dataTypes": kinds, "subscriptionCreatePolicy": "AUTOMATIC"}],
            "endpointAuthorization": {"secret": SECRET},
        },
        timeout=10,
    )


@pytest.fixture
def subscribed(simulators: Simulators, listener: Listener, google: Vendor) -> Simulators:
    """Google, with a proven subscriber and Marit's account linked."""
    app = simulators.app(google.id)
    listener.answer = lambda method, headers, raw: google.handshake(app, headers, raw) or 204
    assert create_subscriber(simulators, listener.url, DATA_TYPES).status_code == 200
    simulators.link(google.id, "marit")
    listener.received.clear()
    return simulators


def pass_time(simulators: Simulators, seconds: float) -> None:
    """Let what is due by then happen and be delivered."""
    simulators.clock.ahead += seconds
    happen(simulators.world)
    deliver_due(simulators.world)


def read(google: Vendor, simulators: Simulators, listener: Listener) -> list[Notification]:
    """Verify and read everything heard."""
    keys = google.keyset(simulators.http, simulators.app(google.id))
    return [
        one
        for headers, raw in listener.received
        for one in google.notifications(headers, raw, keys)
    ]


def test_endpoint_that_takes_any_secret_is_not_accepted(
    simulators: Simulators, listener: Listener
) -> None:
    answer = create_subscriber(simulators, listener.url, ["steps"])
    assert answer.json()["error"]["status"] == "FAILED_PRECONDITION"


def test_type_without_webhook_is_refused(simulators: Simulators, listener: Listener) -> None:
    answer = create_subscriber(simulators, listener.url, ["electrocardiogram"])
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_subscriber_from_the_apps_file_waits_until_the_endpoint_answers(
    simulators: Simulators, listener: Listener, google: Vendor
) -> None:
    save(simulators.world, "early", listener.url, SECRET, ("steps",), verified=False)
    listener.answer = lambda method, headers, raw: 503
    verify_waiting(simulators.world)
    assert simulators.world.store.row("SELECT 1 FROM subscribers WHERE verified = 1") is None
    app = simulators.app(google.id)
    listener.answer = lambda method, headers, raw: google.handshake(app, headers, raw) or 204
    verify_waiting(simulators.world)
    assert simulators.world.store.row("SELECT 1 FROM subscribers WHERE verified = 1") is not None


def test_late_sync_is_announced_with_a_true_signature(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    pass_time(subscribed, 9)
    heard = read(google, subscribed, listener)
    assert {one.kinds for one in heard} >= {("steps",), ("heart-rate",)}
    assert {one.vendor_user_id for one in heard} == {"111256096816351"}
    window = next(one.window for one in heard if one.kinds == ("heart-rate",))
    assert window is not None
    assert window.end - window.start > timedelta(hours=19)


def test_late_data_is_there_once_announced(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    tokens = subscribed.link(google.id, "marit")
    before = everything(google, subscribed, tokens, "heart-rate", last(1.5))
    pass_time(subscribed, 9)
    after = everything(google, subscribed, tokens, "heart-rate", last(1.5))
    assert max(one.start for one in after) - max(one.start for one in before) > timedelta(hours=15)


def test_notification_is_repeated_word_for_word(subscribed: Simulators, listener: Listener) -> None:
    pass_time(subscribed, 9)
    pass_time(subscribed, 7)
    (_, first), (_, second) = listener.received
    assert first == second


def test_yesterdays_steps_are_amended(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    tokens = subscribed.link(google.id, "marit")
    pass_time(subscribed, 9)
    before = {
        one.start: one.value for one in everything(google, subscribed, tokens, "steps", last(3))
    }
    pass_time(subscribed, 15)
    after = {
        one.start: one.value for one in everything(google, subscribed, tokens, "steps", last(3))
    }
    changed = [day for day, value in before.items() if after[day] > value + 500]
    yesterday = (datetime.now(UTC).astimezone(OSLO) - timedelta(days=1)).date()
    assert [day.astimezone(OSLO).date() for day in changed] == [yesterday]
    assert read(google, subscribed, listener)[-1].kinds == ("steps",)


def test_deleted_points_are_gone_and_each_is_notified(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    tokens = subscribed.link(google.id, "marit")
    before = everything(google, subscribed, tokens, "heart-rate", last(3))
    low = before[len(before) // 2].start
    high = low + timedelta(hours=2)
    gone = {one.start for one in before if low <= one.start < high}
    schedule(subscribed.world, "marit", DELETE, 0, low, high)
    pass_time(subscribed, 1)
    after = everything(google, subscribed, tokens, "heart-rate", last(3))
    assert {one.start for one in before} - {one.start for one in after} == gone
    heard = read(google, subscribed, listener)
    assert [(one.action, one.kinds) for one in heard] == [("deleted", ("heart-rate",))] * len(gone)
    assert {one.window.start for one in heard if one.window} == gone
    [(_, raw)] = listener.received
    assert len({one["data"]["recordId"] for one in json.loads(raw)}) == len(gone)


def test_forged_notification_is_refused(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    pass_time(subscribed, 9)
    headers, raw = listener.received[0]
    keys = google.keyset(subscribed.http, subscribed.app(google.id))
    forged = raw.replace(b"111256096816351", b"111256096816352")
    with pytest.raises(NotAuthentic):
        google.notifications(headers, forged, keys)
    with pytest.raises(NotAuthentic):
        google.notifications({}, raw, keys)


def test_rotated_key_is_unknown_until_the_key_set_is_fetched_anew(
    subscribed: Simulators, listener: Listener, google: Vendor
) -> None:
    old = google.keyset(subscribed.http, subscribed.app(google.id))
    signing.rotate(subscribed.world.store)
    pass_time(subscribed, 9)
    headers, raw = listener.received[0]
    with pytest.raises(UnknownKey):
        google.notifications(headers, raw, old)
    assert read(google, subscribed, listener)


def test_notification_is_delivered_again_until_it_is_taken(
    subscribed: Simulators, listener: Listener
) -> None:
    listener.answer = lambda method, headers, raw: 500
    pass_time(subscribed, 9)
    listener.answer = lambda method, headers, raw: 204
    pass_time(subscribed, 5)
    bodies = [json.loads(raw)[0]["data"]["dataType"] for _, raw in listener.received[:2]]
    assert bodies == ["steps", "steps"]
    assert subscribed.world.store.row("SELECT 1 FROM deliveries WHERE attempts > 0") is None


def test_withings_needs_an_address_that_answers(
    simulators: Simulators, listener: Listener, withings: Vendor
) -> None:
    tokens = simulators.link(withings.id, "jonas")
    listener.answer = lambda method, headers, raw: 404
    with pytest.raises(RequestRefused):
        withings.subscribe(simulators.http, simulators.app(withings.id), tokens, listener.url)


def test_withings_subscription_is_safe_to_repeat(
    simulators: Simulators, listener: Listener, withings: Vendor
) -> None:
    tokens = simulators.link(withings.id, "jonas")
    for _ in range(2):
        withings.subscribe(simulators.http, simulators.app(withings.id), tokens, listener.url)
    rows = simulators.world.store.rows("SELECT appli FROM subscriptions ORDER BY appli")
    assert [row["appli"] for row in rows] == [1, 2, 4, 16, 44, 54]


def test_withings_announces_late_days_by_form(
    simulators: Simulators, listener: Listener, withings: Vendor
) -> None:
    tokens = simulators.link(withings.id, "jonas")
    withings.subscribe(simulators.http, simulators.app(withings.id), tokens, listener.url)
    pass_time(simulators, 9)
    heard = [one for _, raw in listener.received for one in withings.notifications({}, raw, b"")]
    assert {one.vendor_user_id for one in heard} == {"12345678"}
    assert ("activity", "intraday") in {one.kinds for one in heard}
    now = datetime.now(UTC)
    assert any(_holds(one.window, now - timedelta(hours=1)) for one in heard)


def _holds(window: Window | None, instant: datetime) -> bool:
    return window is not None and window.start <= instant < window.end


def test_script_and_tokens_outlive_a_restart(subscribed: Simulators, tmp_path: Path) -> None:
    tokens = subscribed.link("google_health", "marit")
    pass_time(subscribed, 9)
    again = open_world(tmp_path, subscribed.world.apps, "")
    waiting = again.store.rows("SELECT action FROM events ORDER BY due")
    assert [row["action"] for row in waiting] == ["repeat", "amend", "sync"]
    assert token_row(again, "google_health", "access", tokens.access) is not None
    again.store.close()
