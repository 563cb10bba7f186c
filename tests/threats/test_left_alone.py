"""A page that was left alone may stand beside another patient by now: it asks before it writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Browser
from tests.threats.callbacks import answered_by_the_server, body_of, values_of
from tests.threats.hospital import Hospital

pytestmark = pytest.mark.threat("T17")
ASKED = "this page was left alone"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    with Hospital(tmp_path / "data") as running:
        yield running


def acknowledge(hospital: Hospital, browser: Browser, path: str) -> str:
    """Click the button at Jonas's finding; the answer as text."""
    entries = answered_by_the_server(browser.get("/c/_dash-dependencies").json)
    [click] = [entry for entry in entries if "decide" in str(entry["inputs"])]
    body = body_of(click, path, values_of(hospital.findings["jonas"]))
    return browser.callback(path, **body).text


def test_a_click_soon_after_the_last_is_taken(hospital: Hospital) -> None:
    browser = hospital.browser()
    path = browser.launch("jonas")
    hospital.site.clock.pass_minutes(4)
    assert ASKED not in acknowledge(hospital, browser, path)
    assert hospital.acknowledged("jonas")


def test_after_minutes_alone_the_first_click_saves_nothing_and_the_second_does(
    hospital: Hospital,
) -> None:
    browser = hospital.browser()
    path = browser.launch("jonas")
    hospital.site.clock.pass_minutes(6)
    assert ASKED in acknowledge(hospital, browser, path)
    assert not hospital.acknowledged("jonas")
    assert ASKED not in acknowledge(hospital, browser, path)
    assert hospital.acknowledged("jonas")


@pytest.mark.parametrize("timer", ["tick.data", "fresh.data"])
def test_the_pages_own_timers_are_no_use_of_it(hospital: Hospital, timer: str) -> None:
    browser = hospital.browser()
    path = browser.launch("jonas")
    for _ in range(3):
        hospital.site.clock.pass_minutes(2)
        browser.callback(path, changedPropIds=[timer])
    assert ASKED in acknowledge(hospital, browser, path)
