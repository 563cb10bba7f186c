"""Our Google Health module against the simulator, over real HTTP."""

from __future__ import annotations

from itertools import pairwise

import pytest
import requests

from tests.sandbox_vendors.conftest import REDIRECT, Simulators
from tests.sandbox_vendors.reading import OSLO, everything, last, page_count
from wearable_agg.measurements.model import Measurement
from wearable_agg.vendors.google_health.kinds import METRICS
from wearable_agg.vendors.protocol import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    RequestRefused,
    TryLater,
    Vendor,
    Window,
)
from wearable_agg.vendors.registry import VENDORS


def test_consent_page_lists_the_people(simulators: Simulators, google: Vendor) -> None:
    page = requests.get(google.authorize_url(simulators.app(google.id), "s"), timeout=5).text
    assert "Marit Solheim" in page
    assert "Amara Okafor" in page


def test_state_comes_back_with_the_code(simulators: Simulators, google: Vendor) -> None:
    answer = requests.post(
        google.authorize_url(simulators.app(google.id), "my-state"),
        data={"user": "marit", "approve": "1"},
        allow_redirects=False,
        timeout=5,
    )
    assert answer.headers["Location"].startswith(f"{REDIRECT}?state=my-state&code=")


def test_link_tells_whose_account_it_is(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "marit")
    assert tokens.vendor_user_id == "111256096816351"
    assert google.profile(simulators.http, simulators.app(google.id), tokens).device == (
        "Pixel Watch 3"
    )


def test_code_works_once_and_its_reuse_ends_the_grant(
    simulators: Simulators, google: Vendor
) -> None:
    app, code = simulators.app(google.id), simulators.code(google.id, "marit")
    tokens = google.exchange(simulators.http, app, code)
    with pytest.raises(LinkBroken):
        google.exchange(simulators.http, app, code)
    with pytest.raises(AccessRefused):
        google.fetch(simulators.http, app, tokens, "steps", last(1), None)


def test_expired_access_is_refreshed(simulators: Simulators, google: Vendor) -> None:
    app, tokens = simulators.app(google.id), simulators.link(google.id, "marit")
    simulators.clock.ahead = 4000
    with pytest.raises(AccessRefused):
        google.fetch(simulators.http, app, tokens, "steps", last(1), None)
    fresh = google.refresh(simulators.http, app, tokens)
    assert fresh.refresh == tokens.refresh
    assert google.fetch(simulators.http, app, fresh, "steps", last(1), None).raw


def test_revoked_grant_is_a_broken_link(simulators: Simulators, google: Vendor) -> None:
    app, tokens = simulators.app(google.id), simulators.link(google.id, "marit")
    google.revoke(simulators.http, app, tokens)
    with pytest.raises(LinkBroken):
        google.refresh(simulators.http, app, tokens)


def test_unticked_scope_is_not_permitted(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "marit", scope=METRICS)
    app = simulators.app(google.id)
    with pytest.raises(NotPermitted):
        google.fetch(simulators.http, app, tokens, "steps", last(1), None)
    assert google.fetch(simulators.http, app, tokens, "heart-rate", last(2), None).raw


def test_a_month_has_most_days_and_misses_the_unworn_ones(
    simulators: Simulators, google: Vendor
) -> None:
    tokens = simulators.link(google.id, "marit")
    steps = everything(google, simulators, tokens, "steps", last(45))
    days = {one.start.astimezone(OSLO).date() for one in steps}
    assert 38 <= len(days) <= 44
    assert all(one.start.astimezone(OSLO).hour == 0 for one in steps)


@pytest.mark.parametrize(
    ("kind", "type_", "at_least"),
    [
        ("heart-rate", "heart_rate", 30 * 120),
        ("daily-resting-heart-rate", "resting_heart_rate", 24),
        ("daily-heart-rate-variability", "hrv", 24),
        ("daily-oxygen-saturation", "oxygen_saturation", 24),
        ("sleep", "sleep_asleep", 24),
    ],
)
def test_a_month_is_there(
    simulators: Simulators, google: Vendor, kind: str, type_: str, at_least: int
) -> None:
    tokens = simulators.link(google.id, "amara")
    found = everything(google, simulators, tokens, kind, Window(last(58).start, last(28).start))
    found += everything(google, simulators, tokens, kind, last(28))
    keys = {(one.type, one.start, one.end) for one in found if one.type == type_}
    assert len(keys) >= at_least


def test_nights_come_25_to_a_page(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "marit")
    assert page_count(google, simulators, tokens, "sleep", last(99)) == 4


def test_page_token_belongs_to_its_request(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "marit")
    url = f"{simulators.url}/google-health/v4/users/me/dataTypes/sleep/dataPoints"
    headers = {"Authorization": f"Bearer {tokens.access}"}
    token = requests.get(url, headers=headers, timeout=5).json()["nextPageToken"]
    other = {"pageToken": token, "filter": 'sleep.interval.end_time >= "2026-01-01T00:00:00Z"'}
    answer = requests.get(url, headers=headers, params=other, timeout=5)
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


def test_rate_limit_says_when_to_come_back(simulators: Simulators, google: Vendor) -> None:
    simulators.world.limiter.scale = 1.5
    simulators.clock.stop(window_seconds=40)
    app, tokens = simulators.app(google.id), simulators.link(google.id, "marit")

    def spend() -> None:
        for _ in range(301):
            google.fetch(simulators.http, app, tokens, "daily-oxygen-saturation", last(1), None)

    with pytest.raises(TryLater) as refusal:
        spend()
    assert refusal.value.after_seconds == 40


def test_long_numbers_are_strings(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "marit")
    page = google.fetch(
        simulators.http, simulators.app(google.id), tokens, "heart-rate", last(2), None
    )
    assert b'"beatsPerMinute":"' in page.raw


def test_ecg_has_thirty_seconds_and_an_upper_bound_is_refused(
    simulators: Simulators, google: Vendor
) -> None:
    scopes = ["https://www.googleapis.com/auth/googlehealth.ecg.readonly"]
    app = simulators.app(google.id)
    ask = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": REDIRECT,
        "scope": " ".join(scopes),
    }
    answer = requests.post(
        app.authorize_url,
        params=ask,
        data={"user": "marit", "approve": "1"},
        allow_redirects=False,
        timeout=5,
    )
    form = {
        "grant_type": "authorization_code",
        "code": answer.headers["Location"].split("code=")[1].split("&")[0],
        "redirect_uri": REDIRECT,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
    }
    access = requests.post(app.token_url, data=form, timeout=5).json()["access_token"]
    url = f"{app.api_url}/v4/users/me/dataTypes/electrocardiogram/dataPoints"
    headers = {"Authorization": f"Bearer {access}"}
    reading = requests.get(url, headers=headers, timeout=5).json()["dataPoints"][0]
    assert len(reading["electrocardiogram"]["waveformSamples"]) == 7500
    bounded = {"filter": 'electrocardiogram.interval.start_time < "2026-01-01T00:00:00Z"'}
    assert requests.get(url, headers=headers, params=bounded, timeout=5).status_code == 400


@pytest.mark.parametrize("kind", VENDORS["google_health"].kinds)
def test_every_kind_is_answered_over_the_longest_window_we_ask_for(
    simulators: Simulators, google: Vendor, kind: str
) -> None:
    tokens = simulators.link(google.id, "marit")
    window = google.backfill_windows(kind, last(365))[0]
    page = google.fetch(simulators.http, simulators.app(google.id), tokens, kind, window, None)
    read = google.parse(kind, page.raw, OSLO)
    told = {one.type for one in read if isinstance(one, Measurement)}
    assert told <= {name for name, _ in google.tells(kind).types}


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        ("distance", "distance"),
        ("floors", "floors"),
        ("active-energy-burned", "active_energy"),
        ("total-calories", "total_energy"),
        ("active-zone-minutes", "active_zone_minutes"),
        ("active-minutes", "activity_moderate"),
        ("sedentary-period", "activity_sedentary"),
        ("daily-respiratory-rate", "respiratory_rate"),
    ],
)
def test_days_of_activity_are_there(
    simulators: Simulators, google: Vendor, kind: str, type_: str
) -> None:
    tokens = simulators.link(google.id, "amara")
    found = everything(google, simulators, tokens, kind, last(20))
    days = {one.start for one in found if one.type == type_}
    assert len(days) >= 18
    assert all(one.value >= 0 for one in found)


def test_walks_come_25_to_a_page_with_their_summary(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "amara")
    assert page_count(google, simulators, tokens, "exercise", last(99)) == 2
    found = everything(google, simulators, tokens, "exercise", last(99))
    walks = [one for one in found if one.type == "workout"]
    assert {(one.statistic, one.value) for one in walks} == {("walking", 39.0)}
    steps = sum(one.value for one in found if one.type == "workout_steps")
    length = sum(one.value for one in found if one.type == "workout_distance")
    assert length == pytest.approx(0.71 * steps)


def test_levels_of_activity_fill_the_time_worn(simulators: Simulators, google: Vendor) -> None:
    tokens = simulators.link(google.id, "amara")
    found = everything(google, simulators, tokens, "activity-level", last(6))
    assert {one.statistic for one in found} == {"level"}
    stretches = sorted((one.start, one.end) for one in found)
    assert all(end <= start for (_, end), (start, _) in pairwise(stretches))
    assert sum(one.value for one in found) > 4 * 20 * 60


def test_more_days_than_google_sums_up_at_once_are_refused(
    simulators: Simulators, google: Vendor
) -> None:
    app, tokens = simulators.app(google.id), simulators.link(google.id, "marit")
    with pytest.raises(RequestRefused):
        google.fetch(simulators.http, app, tokens, "total-calories", last(20), None)
