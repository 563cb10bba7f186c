"""Two tabs, two patients, one browser: whatever is done in Chromium's frames, nothing crosses.

A few interleavings are played in the short form, two hundred in the long one. An app that keeps the
patient in the session is played some too and must be found out.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.support.chromium_tab import ChromiumTab
from tests.support.clinic import Clinic, acknowledgements, opened
from tests.support.naive_app import NaiveHospital
from tests.support.two_tabs import PEOPLE, Interleaving, crossings, interleavings

pytestmark = [pytest.mark.browser, pytest.mark.threat("T16")]

ACTS = 3


@pytest.mark.timeout(300)
def test_interleavings_in_chromium_cross_nothing(browser: Browser, clinic: Clinic) -> None:
    cross_nothing_in_chromium(browser, clinic, 3)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_two_hundred_interleavings_in_chromium_cross_nothing(
    browser: Browser, clinic: Clinic
) -> None:
    cross_nothing_in_chromium(browser, clinic, 200)


def cross_nothing_in_chromium(browser: Browser, clinic: Clinic, number: int) -> None:
    context, site, played = browser.new_context(), clinic.site, in_turn(number)
    tabs = [
        ChromiumTab(context, site.ehr_url, site.web_url, person, clinic.report) for person in PEOPLE
    ]
    assert crossings(opened([*tabs]), played) == []
    assert clinic.acknowledged() == acknowledgements(played)
    context.close()


@pytest.mark.timeout(240)
def test_a_patient_kept_in_the_session_is_found_out_in_chromium(
    browser: Browser, naive: NaiveHospital
) -> None:
    context = browser.new_context()
    tabs = [ChromiumTab(context, naive.url, naive.url, person) for person in PEOPLE]
    assert crossings(opened([*tabs]), in_turn(6)) != []
    context.close()


def in_turn(number: int) -> list[Interleaving]:
    """Playwright drives one tab at a time."""
    return [one.in_turn for one in interleavings(number, ACTS)]
