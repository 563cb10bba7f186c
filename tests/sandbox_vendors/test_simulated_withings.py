"""Our Withings module against the simulator, over real HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from tests.sandbox_vendors.conftest import Simulators
from tests.sandbox_vendors.reading import everything, last
from wearable_agg.vendors.protocol import (
    AccessRefused,
    LinkBroken,
    NotPermitted,
    RequestRefused,
    TryLater,
    Vendor,
)

HOUR = 3600.0


def test_link_tells_whose_account_it_is(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas")
    assert tokens.vendor_user_id == "12345678"
    profile = withings.profile(simulators.http, simulators.app(withings.id), tokens)
    assert (profile.timezone, profile.device) == ("Europe/Oslo", "ScanWatch 2")


def test_code_lives_for_thirty_seconds(simulators: Simulators, withings: Vendor) -> None:
    code = simulators.code(withings.id, "jonas")
    simulators.clock.ahead = 31
    with pytest.raises(LinkBroken):
        withings.exchange(simulators.http, simulators.app(withings.id), code)


def test_wrong_client_is_our_fault_and_breaks_no_link(
    simulators: Simulators, withings: Vendor
) -> None:
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    with pytest.raises(RequestRefused):
        withings.refresh(simulators.http, replace(app, client_secret="wrong"), tokens)


def test_refresh_rotates_and_old_token_ends_with_first_use_of_the_new(
    simulators: Simulators, withings: Vendor
) -> None:
    app, old = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    lost = withings.refresh(simulators.http, app, old)
    assert lost.refresh != old.refresh
    fresh = withings.refresh(simulators.http, app, old)
    withings.fetch(simulators.http, app, fresh, "activity", last(3), None)
    with pytest.raises(LinkBroken):
        withings.refresh(simulators.http, app, old)


def test_old_refresh_token_ends_after_eight_hours(simulators: Simulators, withings: Vendor) -> None:
    app, old = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    withings.refresh(simulators.http, app, old)
    simulators.clock.ahead = 8 * HOUR + 1
    with pytest.raises(LinkBroken):
        withings.refresh(simulators.http, app, old)


def test_access_ends_after_three_hours_with_http_200(
    simulators: Simulators, withings: Vendor
) -> None:
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    simulators.clock.ahead = 3 * HOUR + 1
    with pytest.raises(AccessRefused):
        withings.fetch(simulators.http, app, tokens, "activity", last(3), None)


def test_revocation_is_signed_and_ends_the_grant(simulators: Simulators, withings: Vendor) -> None:
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    withings.revoke(simulators.http, app, tokens)
    with pytest.raises(LinkBroken):
        withings.refresh(simulators.http, app, tokens)


def test_unticked_scope_is_not_permitted(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas", scope="user.activity")
    with pytest.raises(NotPermitted):
        withings.fetch(
            simulators.http, simulators.app(withings.id), tokens, "measures", last(3), None
        )


def test_steps_of_a_day_are_the_watchs_not_the_phones(
    simulators: Simulators, withings: Vendor
) -> None:
    tokens = simulators.link(withings.id, "jonas")
    found = everything(withings, simulators, tokens, "activity", last(20))
    days = [one.start for one in found]
    assert len(days) == len(set(days)) >= 18
    assert {one.device for one in found} == {"ScanWatch 2"}


def test_a_year_of_nights_comes_in_pages(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas")
    found = everything(withings, simulators, tokens, "sleep", last(365))
    assert len({one.end for one in found if one.type == "sleep_asleep"}) > 300


def test_measures_keep_real_oxygen_saturation(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas")
    found = everything(withings, simulators, tokens, "measures", last(30))
    saturation = [one.value for one in found if getattr(one, "type", "") == "oxygen_saturation"]
    assert len(saturation) > 20
    assert all(85 < value <= 100 for value in saturation)


def test_days_of_heart_rate_and_nightly_rmssd(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas")
    found = everything(withings, simulators, tokens, "intraday", last(5))
    assert sum(one.type == "heart_rate" for one in found) > 4 * 110
    assert {one.statistic for one in found if one.type == "hrv"} == {"RMSSD"}
    assert not [one for one in found if one.type == "resting_heart_rate"]


def test_intraday_beyond_a_day_is_refused(simulators: Simulators, withings: Vendor) -> None:
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    with pytest.raises(RequestRefused):
        withings.fetch(simulators.http, app, tokens, "intraday", last(2), None)


def test_a_finished_day_asked_again_brings_the_same_bytes(
    simulators: Simulators, withings: Vendor
) -> None:
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")
    day = withings.backfill_windows("intraday", last(5))[-1]
    first = withings.fetch(simulators.http, app, tokens, "intraday", day, None)
    assert withings.fetch(simulators.http, app, tokens, "intraday", day, None).raw == first.raw


def test_rate_limit_is_status_601(simulators: Simulators, withings: Vendor) -> None:
    simulators.world.limiter.scale = 1.5
    simulators.clock.stop(window_seconds=40)
    app, tokens = simulators.app(withings.id), simulators.link(withings.id, "jonas")

    def spend() -> None:
        for _ in range(121):
            withings.fetch(simulators.http, app, tokens, "activity", last(1), None)

    with pytest.raises(TryLater) as refusal:
        spend()
    assert refusal.value.after_seconds == 40


def test_ecg_list_and_signal(simulators: Simulators, withings: Vendor) -> None:
    tokens = simulators.link(withings.id, "jonas")
    headers = {"Authorization": f"Bearer {tokens.access}"}
    url = f"{simulators.url}/withings/v2/heart"
    listed = requests.post(url, data={"action": "list"}, headers=headers, timeout=5).json()
    reading = listed["body"]["series"][0]
    asked = {"action": "get", "signalid": reading["ecg"]["signalid"]}
    signal = requests.post(url, data=asked, headers=headers, timeout=5).json()["body"]
    assert len(signal["signal"]) == 30 * signal["sampling_frequency"]
